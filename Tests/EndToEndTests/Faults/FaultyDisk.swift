import Foundation
import System
import Testing
import Text

/// `faults.c`, built once: the environment under which calls of a program fail.
enum FaultyDisk {
    private static let library = build("faults")

    /// Builds a file of this folder as a library for LD_PRELOAD, and gives its path.
    static func build(_ name: String) -> String {
        let path = "\(Workbench.programs)/xpm-test-\(name).so"
        let source = Paths.absolute("../\(name).c", from: #filePath)
        let temporary = "\(path).\(Environment.processID)"
        let result = ChildProcess.output(["cc", "-shared", "-fPIC", "-O1", "-o", temporary, source, "-ldl"])
        #expect(result?.code == 0, "\(name).c cannot be built: \(result?.text ?? "no compiler")")
        try? Files.rename(temporary, to: path)
        return path
    }

    enum Call: String { case open, write, read, rename, link, symlink, flock }

    /// - Parameter faults: which call fails with which errno on paths with that part in them.
    static func environment(_ faults: (call: Call, code: Int32, path: String)...) -> [String: String] {
        [
            "LD_PRELOAD": library,
            "XPM_FAULTS": faults.map { "\($0.call.rawValue):\($0.code):\($0.path)" }.joined(separator: " "),
        ]
    }
}
