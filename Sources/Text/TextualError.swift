/// An error that a person reads.
package protocol TextualError: Error {
    /// What is wrong, and where that is known the likely cure; without the place of what has met it.
    var text: String { get }
}

extension Error {
    /// Its text; of an error that nobody was to read what Swift makes of it.
    package var shown: String { (self as? any TextualError)?.text ?? "\(self)" }
}
