import System
import Text

/// A tiny job by which a site is tried: what a node sees of the workspace.
///
///     xpm-job --probe FOLDER NAME
///
/// Writes `FOLDER/NAME.json`: where it ran, when, and with which xpm-job.
package struct BatchProbe: Sendable {
    package static let flag = "--probe"

    package let host: String
    package let user: String
    /// By the clock of the node.
    package let time: Double
    /// The version of what xpm and xpm-job say to each other.
    package let version: Int64

    package static let currentVersion = JobOrder.version

    /// On the node.
    ///
    /// - Returns: what to say where it cannot be written.
    package static func run(_ arguments: [String]) -> String? {
        guard arguments.count == 2 else { return "--probe needs a folder and a name" }
        let json: JSON = [
            "host": .string(Environment.hostName), "user": .string(Environment.userName),
            "time": .float(Timestamp.now.seconds), "version": .int(currentVersion),
        ]
        do throws(SystemError) {
            try Files.replace("\(arguments[0])/\(arguments[1]).json", with: json.bytes)
            return nil
        } catch { return error.text }
    }

    /// - Returns: nil where it has not been written yet.
    package init?(_ path: String) {
        guard let bytes = try? Files.read(path, limit: 1 << 16), let json = try? JSON.parse(bytes),
            let host = json["host"]?.string, let time = json["time"]?.number,
            let version = json["version"]?.int
        else { return nil }
        (self.host, self.time, self.version) = (host, time, version)
        user = json["user"]?.string ?? ""
    }
}
