package import System
import Text

/// What people have named a run: `tags` in its folder, a tag a line. `status.json` has them as `run_tags`, for
/// experimaestro's tools.
package enum RunTags {
    private static func path(_ run: String) -> String { "\(run)/tags" }

    /// In byte order; none where there is nothing to read.
    package static func read(_ run: String) -> [String] {
        let text = (try? Files.readText(path(run), limit: 1 << 16)) ?? ""
        return text.lines.filter { !$0.isEmpty }.map(String.init)
    }

    /// Whether a text can be one: some letters, on one line.
    package static func isTag(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 200
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
    }

    /// Adds some and removes others.
    ///
    /// - Returns: what there is now.
    package static func change(
        _ run: String, adding: [String] = [], removing: [String] = []
    ) throws(SystemError) -> [String] {
        let tags = TextSet(read(run) + adding).subtracting(TextSet(removing)).ordered
        try Files.replace(path(run), with: Array(tags.map { "\($0)\n" }.joined().utf8))
        // A run that goes on writes its status itself, soon.
        let status = "\(run)/status.json"
        if let bytes = try? Files.read(status, limit: 1 << 26),
            case .object(var members)? = try? JSON.parse(bytes),
            members.first(where: { $0.name == "status" })?.value != "running"
        {
            members.removeAll { $0.name == "run_tags" }
            members.append(.init("run_tags", .array(tags.map(JSON.string))))
            try Files.replace(status, with: JSON.object(members).prettyBytes)
        }
        return tags
    }
}
