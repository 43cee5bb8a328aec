package import System
import Text

/// Makes the script of a job whose workspace was copied or moved name the place where it is now.
///
/// `params.json` says which workspace the script was written for; all else in a job's folder is relative.
package enum JobRelocation {
    /// Rewrites the script, and then `params.json`, unless they are of this place.
    ///
    /// - Parameters:
    ///   - job: the folder, wherever it lies while it is copied.
    ///   - workspace: the place where it is to work.
    package static func settle(_ job: JobFolder, in workspace: String) throws(SystemError) {
        guard let bytes = try? Files.read(job.parameters, limit: 1 << 28),
            let former = ParameterFile.workspace(in: bytes), former != workspace,
            let place = Self.place(of: former, in: bytes)
        else { return }
        for language in [JobScript.Language.sh, .lua] {
            let path = job.script(language)
            guard let text = try? Files.readText(path, limit: 1 << 26) else { continue }
            let moved = self.text(text, language, from: former, to: workspace)
            if moved != text {
                try Files.replace(
                    path, with: Array(moved.utf8), mode: Files.permissions(path) ?? 0o777)
            }
        }
        if let variables = try? JobScript.variables(in: job) {
            let moved = variables.map {
                EnvironmentVariable(name: $0.name, value: Self.moved($0.value, former, workspace))
            }
            if moved != variables {
                try Files.replace(job.variables, with: Array(JobScript.exports(moved).utf8), mode: 0o600)
            }
        }
        // Last: where this is cut off it is done again. And only that: the rest stays as whoever made it
        // wrote it.
        let value = JSON.string(workspace).bytes
        try Files.replace(
            job.parameters, with: Array(bytes[..<place.lowerBound] + value + bytes[place.upperBound...]),
            mode: Files.permissions(job.parameters) ?? 0o666)
    }

    /// Where the value of the outermost `workspace` stands, with its quotes.
    private static func place(of former: String, in bytes: [UInt8]) -> Range<Int>? {
        var depth = 0
        var position = 0
        var key: ArraySlice<UInt8>?
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ","): key = nil
            case UInt8(ascii: "\""):
                let start = position
                position += 1
                while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard position < bytes.count else { return nil }
                let text = bytes[start...position]
                if depth == 1, key?.elementsEqual("\"workspace\"".utf8) == true {
                    return (try? JSON.parse(Array(text)))?.string == former ? start..<(position + 1) : nil
                }
                if depth == 1, key == nil { key = text }
            default: break
            }
            position += 1
        }
        return nil
    }

    /// A script with the paths of another workspace; one that somebody has changed keeps its own.
    static func text(
        _ text: String, _ language: JobScript.Language, from former: String, to workspace: String
    ) -> String {
        guard let header = try? JobScript.header(of: text) else { return text }
        let head = text[..<header.body.startIndex]
        switch language {
        case .sh:
            guard let command = JobScript.command(of: header.body),
                let end = header.body.firstRange(of: "\n")?.upperBound
            else { return text }
            let reads = header.variables.isEmpty ? "" : JobScript.readVariables + "\n"
            return head + header.body[..<end] + reads
                + JobScript.body(
                    command.environment.map {
                        .init(name: $0.name, value: moved($0.value, former, workspace))
                    },
                    command.arguments.map { moved($0, former, workspace) })
        case .lua:
            // In quotes, as `LuaText` writes them.
            let names = [former, workspace].map(LuaText.inside)
            return head + moved(String(header.body), names[0], names[1])
        }
    }

    /// What xpm itself has in a workspace.
    private static let folders = ["jobs", "sources", "partials", "experiments", "tokens"]

    /// A text in which the paths of what xpm has in a workspace are those of another one.
    package static func moved(_ text: String, _ former: String, _ workspace: String) -> String {
        var out = ""
        var rest = text[...]
        while let found = rest.firstRange(of: "\(former)/") {
            let before = rest[..<found.lowerBound].unicodeScalars.last ?? out.unicodeScalars.last
            let next = rest[found.upperBound...].prefix(ofBytes: \.isLetter)
            // `/mnt/data/ws` is not `/data/ws`.
            let begins = before.map {
                !($0.properties.isAlphabetic || "0123456789_.-/~".unicodeScalars.contains($0))
            }
            out += rest[..<found.lowerBound]
            out += begins ?? true && folders.contains(next) ? "\(workspace)/" : "\(former)/"
            rest = rest[found.upperBound...]
        }
        return out + rest
    }
}
