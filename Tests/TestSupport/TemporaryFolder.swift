import Foundation
import System
import Text

/// A folder of its own for one test, removed at the end.
package final class TemporaryFolder {
    package let path: String

    package init() throws {
        path = Paths.real(NSTemporaryDirectory()) + "/xpm-test-\(UUID().uuidString.prefix(8))"
        try Files.makeFolder(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Files.makeFolder(Paths.parent(file))
        try Files.write(Array(text.utf8), to: file)
        return file
    }
}
