import Model
import Store
import System
import Text

/// What is kept of a running page: `$XDG_STATE_HOME/xpm/pages/HOST/PORT.json`, for its user's eyes.
struct PageRecord {
    let workspace: String
    let process: Int32
    let address: String

    /// Hosts may share a home, and have the same ports.
    static var folder: String { "\(MachineFolder.ofUser)/pages/\(Environment.hostName)" }

    /// What the first part of every address is made from: once for each user, so that bookmarks stay what they are, and
    /// known to nobody else.
    static let secret: String = {
        let file = "\(MachineFolder.ofUser)/pages/secret"
        func kept() -> String? {
            guard let bytes = try? Files.read(file, limit: 256) else { return nil }
            let text = String(decoding: bytes, as: UTF8.self).trimmed
            // Written as identifiers are: 64 hexadecimal digits.
            return Identifier(hex: text) == nil ? nil : String(text)
        }
        if let known = kept() { return known }
        let new = Access.secret()
        _ = try? Files.makeFolder(Paths.parent(file), mode: 0o700)
        try? Files.replace(file, with: Array("\(new)\n".utf8), mode: 0o600)
        // Where it cannot be kept, it is this page's own.
        return kept() ?? new
    }()

    /// The page that shows a workspace already, of a process that lives.
    static func running(_ workspace: String) -> PageRecord? {
        for path in Files.paths(in: folder) {
            guard let bytes = try? Files.read(path, limit: 1 << 16), let json = try? JSON.parse(bytes),
                let process = json["process"]?.int.flatMap({ Int32(exactly: $0) }),
                let address = json["address"]?.string, json["workspace"]?.string == workspace,
                Files.linkTarget("/proc/\(process)/exe").map(Paths.name) == "xpm-page",
                let port = Int(Paths.stem(path)), Loopback.owner(of: port) == process
            else { continue }
            return PageRecord(workspace: workspace, process: process, address: address)
        }
        return nil
    }

    var json: JSON {
        [
            "workspace": .string(workspace), "process": .int(Int64(process)), "address": .string(address),
        ]
    }
}
