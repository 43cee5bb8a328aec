import Text

/// A folder of another host, `login.site:/scratch/ana/xpm`, as scp(1) and rsync(1) write it.
package struct RemoteFolder: Sendable, Equatable {
    /// As ssh(1) takes it: `ana@login.site`, or a name of its configuration.
    package let host: String
    /// Absolute there, or from the home folder (`~/xpm`).
    package let path: String

    /// The variable that tells a page on the host at which port of the user's machine it is reached.
    package static let portVariable = "XPM_REMOTE_PORT"

    /// - Returns: nil for a host that ssh would take for an option, and for a path from nowhere.
    package init?(host: String, path: String) {
        let isName = host.utf8.allSatisfy { $0.isLetter || $0.isDigit || "@._-".utf8.contains($0) }
        guard isName, !host.isEmpty, !host.hasPrefix("-"), path.hasPrefix("/") || path.hasPrefix("~/"),
            !path.has(0), !path.contains("\n")
        else { return nil }
        self.host = host
        self.path = path
    }

    /// - Returns: nil for a text that names none, and where a folder here has that name.
    package init?(_ text: String) {
        guard let (host, path) = text.cut(at: ":"), !host.contains("/"), Files.kind(text) == nil else {
            return nil
        }
        self.init(host: String(host), path: String(path))
    }

    package var text: String { "\(host):\(path)" }

    package static func == (left: RemoteFolder, right: RemoteFolder) -> Bool {
        left.host == right.host && left.path == right.path
    }
}
