import Text

extension CommandLine {
    /// The first argument that is not UTF-8, or the current folder where its name is not, with what can be shown of it.
    package static var firstThatIsNotUTF8: String? {
        for index in 0..<Int(argc) {
            guard let bytes = unsafe unsafeArgv[index] else { continue }
            if unsafe String(validatingCString: bytes) == nil { return unsafe String(cString: bytes) }
        }
        return nil
    }
}
