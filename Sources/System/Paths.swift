import Glibc
import Text

/// Path names as text. Nothing here looks at the disk, but for the current folder.
package enum Paths {
    /// The folder a path is in: `/` for the root, `.` for a bare name.
    package static func parent(_ path: String) -> String {
        guard let slash = lastSlash(path) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component.
    package static func name(_ path: String) -> String {
        lastSlash(path).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }

    private static func lastSlash(_ path: String) -> String.Index? {
        path.utf8.lastIndex(of: UInt8(ascii: "/"))
    }

    /// The last component without its last extension: `full` of `conf/full.yaml`.
    package static func stem(_ path: String) -> String {
        let name = name(path)
        guard let stem = name.cut(atLast: ".")?.before, !stem.isEmpty else { return name }
        return String(stem)
    }

    package static func hasExtension(_ path: String, _ extensions: String...) -> Bool {
        let name = name(path)
        return extensions.contains { name.before(".\($0)").map { !$0.isEmpty } ?? false }
    }

    /// The current folder. A program of ours does not begin where there is none, or its name is not UTF-8
    /// (`Surroundings`).
    package static var current: String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(validatingCString: path) ?? "/"
    }

    /// The path from the root, without `.`, `..` and doubled slashes; `~` is the user's home.
    package static func absolute(_ path: String, from folder: String? = nil) -> String {
        if path == "~" { return absolute(home) }
        if let way = path.after("~/") { return absolute("\(home)/\(way)") }
        let whole = path.hasPrefix("/") ? path : "\(folder.map { absolute($0) } ?? current)/\(path)"
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The path from a folder: `../../b/c`. Both must be absolute.
    package static func relative(_ path: String, from folder: String) -> String {
        let to = path.split(separator: "/")
        let from = folder.split(separator: "/")
        var common = 0
        while common < min(to.count, from.count), to[common] == from[common] { common += 1 }
        let parts = [Substring](repeating: "..", count: from.count - common) + to[common...]
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }

    /// The shorter of a path and the same from the current folder: what people expect to read.
    package static func shown(_ path: String) -> String {
        guard path.hasPrefix("/") else { return path }
        let inside = relative(path, from: current)
        return inside.hasPrefix("../..") || inside.utf8.count >= path.utf8.count ? path : inside
    }

    /// With links resolved, if it exists.
    package static func real(_ path: String) -> String {
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(validatingCString: resolved) ?? path
    }

    package static var home: String { Environment["HOME"] ?? "/" }
}
