package import Model
package import System
import Text

/// Jobs that were done under deprecated types or former names of parameters, and the folders in which the new
/// definitions look for them.
///
/// A job is made known under its new identifier by a link to its folder. Where the name of its files is
/// another now, links in the folder give them the new name too; the folder's own link comes last.
package struct DeprecatedJobs {
    private let workspace: Workspace
    private let type: (String) -> ConfigType?

    package struct Entry {
        package let old: JobFolder
        package let new: JobFolder
        package let state: State
        /// The relative target of the link.
        fileprivate let target: String
    }

    package enum State: String, Sendable {
        /// A link is missing.
        case unlinked
        case linked
        /// The new folder is there by itself: the job was run again, or another old one is linked.
        case taken
        /// The new folder is there, and nothing in it is done: it has to go before the old one can be linked.
        case unfinished
        /// The link is there, and what it led to is not.
        case dangling
    }

    /// - Parameter type: the type with an id or a Python class; deprecated ones too.
    package init(in workspace: Workspace, type: @escaping (String) -> ConfigType?) {
        self.workspace = workspace
        self.type = type
    }

    /// Whether a path is a link as `link` makes it.
    package static func isLink(_ path: String) -> Bool {
        guard let way = Files.linkTarget(path)?.after("../")?.split(separator: "/"), way.count == 2 else {
            return false
        }
        return way[0] != ".." && Identifier(hex: way[1]) != nil
    }

    /// The links within the workspace whose folder is gone. A run would stumble over them.
    package func dangling() -> [String] {
        ((try? Files.list(workspace.jobs)) ?? []).flatMap { key in
            Files.paths(in: "\(workspace.jobs)/\(key)")
        }
        .filter { Files.linkTarget($0)?.hasPrefix("../") == true && !Files.exists($0) }
    }

    /// The finished jobs whose identifier is another now because of a deprecation; and the folders that could
    /// not be read, with why.
    package func find() -> (found: [Entry], unreadable: [(folder: String, why: any Error)]) {
        var found: [Entry] = []
        var unreadable: [(folder: String, why: any Error)] = []
        for key in (try? Files.list(workspace.jobs)) ?? [] {
            guard type(key) != nil else { continue }
            let name = ConfigType.shortName(ofKey: key)
            for identifier in (try? Files.list("\(workspace.jobs)/\(key)")) ?? [] {
                let folder = JobFolder(path: "\(workspace.jobs)/\(key)/\(identifier)", name: name)
                guard Files.kind(folder.path, followingLinks: false) == .folder, folder.isDone else {
                    continue
                }
                do {
                    if let entry = try entry(of: folder, identifier) { found.append(entry) }
                } catch {
                    unreadable.append((folder.path, error))
                }
            }
        }
        return (found, unreadable)
    }

    private func entry(of folder: JobFolder, _ identifier: String) throws -> Entry? {
        let bytes = try Files.read(folder.parameters, limit: 1 << 28)
        let objects = try ParameterFile.objects(in: bytes)
        guard isAffected(objects) else { return nil }
        try refuseLost(objects)
        var options = ObjectReader.Options()
        options.keepsIdentifiers = false
        let task = try ParameterFile.task(from: bytes, job: folder.path, reading: options, type: type)
        try task.convertDeprecated()
        try task.checkComplete()
        let new = workspace.job(of: task)
        guard Paths.name(new.path) != identifier || new.path != folder.path else { return nil }
        let key = Paths.name(Paths.parent(folder.path))
        let target = "../\(key)/\(identifier)"
        let state: State =
            switch Files.kind(new.path, followingLinks: false) {
            case nil: .unlinked
            case .link where Files.linkTarget(new.path) == target: .linked
            case .link where !Files.exists(new.path): .dangling
            default: new.isDone ? .taken : .unfinished
            }
        return Entry(old: folder, new: new, state: state, target: target)
    }

    /// A value that the new definition has no place for would be lost without a word.
    private func refuseLost(_ objects: [JSON]) throws(ValueError) {
        for object in objects {
            guard let type = object["typename"]?.string.flatMap(type),
                case .object(let fields)? = object["fields"]
            else { continue }
            for field in fields
            where type.position(of: field.name) == nil && type.rename(of: field.name) == nil {
                throw ValueError(
                    .refused(
                        "\(type.id) has no parameter '\(field.name)' any more, which the job has: give params, and convert or xpm.renamed"
                    ))
            }
        }
    }

    /// Whether a deprecated type or a former name stands in the file.
    private func isAffected(_ objects: [JSON]) -> Bool {
        objects.contains { object in
            guard let type = object["typename"]?.string.flatMap(type) else { return false }
            if type.deprecation != nil { return true }
            guard case .object(let fields)? = object["fields"] else { return false }
            return fields.contains { type.position(of: $0.name) == nil && type.rename(of: $0.name) != nil }
        }
    }

    private static let suffixes = ["done", "out", "err"]

    /// Links the old folder under its new name.
    package func link(_ entry: Entry) throws(SystemError) {
        let (old, new) = (entry.old, entry.new)
        if old.name != new.name {
            for suffix in Self.suffixes where Files.exists("\(old.path)/\(old.name).\(suffix)") {
                try Files.link("\(old.path)/\(new.name).\(suffix)", to: "\(old.name).\(suffix)")
            }
        }
        try Files.makeFolder(Paths.parent(new.path), in: workspace.path)
        // Of two old jobs for one new identifier the first stays.
        if Files.exists(new.path) { return }
        try Files.link(new.path, to: entry.target)
    }

    /// Takes the links away again.
    package func unlink(_ entry: Entry) throws(SystemError) {
        let (old, new) = (entry.old, entry.new)
        try Files.remove(new.path)
        for suffix in Self.suffixes {
            let name = "\(old.path)/\(new.name).\(suffix)"
            if Files.linkTarget(name) == "\(old.name).\(suffix)" { try Files.remove(name) }
        }
    }
}
