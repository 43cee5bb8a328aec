import System
import Text

/// Finds what the sources of a plan load from beside them and what is not kept with them: jobs would run it as
/// it is then, and nobody would see that it has changed.
package struct ImportScan {
    private let kept: TextSet

    package struct Finding: Equatable {
        /// The file that loads it.
        package let importer: String
        /// What it loads.
        package let path: String
    }

    /// A file of more bytes is read no further.
    private static let most = 1 << 20

    private init(_ kept: [String]) { self.kept = TextSet(kept) }

    /// Each file that is not kept once, in byte order.
    package static func findings(in sources: SourceTree) -> [Finding] {
        let scan = ImportScan(sources.files)
        var seen: TextSet = []
        var found: [Finding] = []
        for file in sources.files {
            for path in loaded(by: file) where !scan.kept.contains(path) && seen.insert(path).inserted {
                found.append(Finding(importer: file, path: path))
            }
        }
        return found.sorted { ByteOrder.less($0.path, $1.path) }
    }

    /// The files that a source loads and that are there: from its own folder, and for modules from others
    /// too, the first that has one.
    package static func loaded(by file: String, along folders: [String] = []) -> [String] {
        guard let text = try? Files.readText(file, limit: most) else { return [] }
        let folder = Paths.parent(file)
        let names: [String]
        if Paths.hasExtension(file, "py") {
            return text.lines.flatMap(Self.modules).flatMap { module in
                let places = module.hasPrefix(".") ? [folder] : [folder] + folders
                return places.lazy.map { Self.files(of: module, in: $0) }.first { !$0.isEmpty } ?? []
            }
        } else if Paths.hasExtension(file, "R", "r") {
            names = text.lines.compactMap { Self.quoted($0, after: "source(") }
        } else if Paths.hasExtension(file, "jl") {
            names = text.lines.compactMap { Self.quoted($0, after: "include(") }
        } else if Paths.hasExtension(file, "sh", "bash") {
            names = text.lines.compactMap { line in
                let words = line.split(separator: " ").map(String.init)
                guard words.count > 1, [".", "source"].contains(words[0]) else { return nil }
                return words[1]
            }
        } else {
            return []
        }
        return names.map { Paths.absolute($0, from: folder) }.filter { Files.kind($0) == .file }
    }

    /// The modules of an import line of Python: `a.b` of `import a.b as c` and `from a.b import c`, `.a` of
    /// `from .a import b`.
    private static func modules(of line: Substring) -> [String] {
        let line = line.trimmed
        if let rest = line.after("import ") {
            return rest.split(separator: ",").compactMap { $0.split(separator: " ").first.map(String.init) }
        }
        guard let rest = line.after("from "), let (module, names) = rest.cut(at: " import ") else {
            return []
        }
        let base = String(module.trimmed)
        // `from package import module` loads that too, where it is one.
        let inner = names.split(separator: ",").compactMap { part -> String? in
            let word = part.trimmed.split(separator: " ").first.map(String.init) ?? ""
            return word.isEmpty
                || word.utf8.contains { !($0.isDigit || $0 == 0x5f || (0x61...0x7a).contains($0 | 0x20)) }
                ? nil : word
        }
        return [base] + inner.map { base.hasSuffix(".") ? base + $0 : "\(base).\($0)" }
    }

    /// The files of a module that lie in a folder.
    package static func files(of module: String, in folder: String) -> [String] {
        var (folder, rest) = (folder, module[...])
        var isFirst = true
        while let next = rest.after(".") {
            if !isFirst { folder = Paths.parent(folder) }
            (rest, isFirst) = (next, false)
        }
        guard !rest.isEmpty else { return [] }
        var found: [String] = []
        for part in rest.split(separator: ".") {
            let path = "\(folder)/\(part)"
            if Files.kind("\(path).py") == .file {
                found.append("\(path).py")
                break
            }
            guard Files.kind(path) == .folder else { break }
            if Files.kind("\(path)/__init__.py") == .file { found.append("\(path)/__init__.py") }
            folder = path
        }
        return found
    }

    private static func quoted(_ line: Substring, after call: String) -> String? {
        guard let rest = line.trimmed.after(call)?.trimmed, let quote = rest.utf8.first,
            quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        else { return nil }
        return rest.dropFirst().cut(at: quote == UInt8(ascii: "\"") ? "\"" : "'").map { String($0.before) }
    }
}
