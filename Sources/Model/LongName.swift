import Text

/// Names that are too long to be those of files.
package enum LongName {
    /// The most bytes of a name that a user gives: xpm adds endings to it, and a file system takes 255.
    package static let most = 200

    /// What is wrong with a name, if it is its length.
    package static func problem(_ name: String, _ what: String) -> String? {
        let count = name.utf8.count
        return count > most
            ? "'\(name.prefix(bytes: 20))…' cannot be \(what): it is longer than \(most) bytes (\(count))"
            : nil
    }
}
