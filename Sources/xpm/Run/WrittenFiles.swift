import System
import Text

/// Files that a command makes for a user: what is there already is left alone, and each is told.
enum WrittenFiles {
    /// - Parameter left: what is said of a file that was there.
    static func write(
        _ files: [(name: String, content: [UInt8])], to folder: String, left: String, json: Bool
    ) throws(Failure) {
        try Failure.onDisk { () throws(SystemError) in
            try Files.makeFolder(folder)
            for (name, content) in files {
                let path = "\(folder)/\(name)"
                let isNew = try Files.create(path, with: content)
                let line: JSON = ["path": .string(path), "written": .bool(isNew)]
                let told = isNew ? "wrote \(Paths.shown(path))" : "left \(Paths.shown(path)), \(left)"
                StandardStream.output.write((json ? line.text : told) + "\n")
            }
        }
    }

    /// Refuses to write where a file has something else in it.
    ///
    /// - Parameter advice: what to do about it.
    static func refuseOthers(
        _ files: [(name: String, content: [UInt8])], in folder: String, _ advice: String
    ) throws(Failure) {
        for (name, content) in files {
            let path = "\(folder)/\(name)"
            guard Files.exists(path), (try? Files.read(path, limit: 1 << 26)) != content else { continue }
            throw .message(
                "\(Paths.shown(path)) is there already, with something else in it: \(advice)")
        }
    }
}
