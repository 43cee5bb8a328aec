import Text

/// What a job needs of something that there is only so much of: a token, or a folder that one job at a time
/// may use.
package struct Claim: Sendable, Equatable {
    /// The folder of the token in the workspace, or the shared folder.
    package let resource: String
    package let count: Int
    /// How much there is.
    package let capacity: Int

    package init(_ resource: String, count: Int = 1, of capacity: Int = 1) {
        self.resource = resource
        self.count = count
        self.capacity = capacity
    }
}
