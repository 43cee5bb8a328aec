import Model
import System
import Text

/// Where the paths that xpm makes for an object lie.
package struct PathPlaces {
    /// The folder of the object itself: the job's, for its task.
    package var folder: String
    /// The folder of the objects in it: `out` of the job's folder.
    package var nested: String
    /// The workspace's `partials`.
    package var partials: String
    /// The folder of paths that are given relative.
    package var base: String

    package init(job folder: String, partials: String, base: String = "/") {
        self.folder = folder
        nested = "\(folder)/out"
        self.partials = partials
        self.base = base
    }
}

extension ConfigObject {
    /// Gives the generated parameters of this object, and of those in it that have none yet, their paths:
    /// `weights.csv` in the job's folder, `out/model/optimizer/loss.txt` for an object in it, by its place,
    /// and `partials/{type}/{name}/{identifier}/…` for what several tasks share.
    package func placePaths(_ places: @autoclosure () -> PathPlaces) {
        if isFlat, !type.hasPaths { return }
        let places = places()
        var visited: Set<ObjectIdentifier> = []
        place(places, &visited)
    }

    fileprivate func place(_ places: PathPlaces, _ visited: inout Set<ObjectIdentifier>) {
        guard visited.insert(ObjectIdentifier(self)).inserted else { return }
        for (position, parameter) in type.parameters.enumerated() {
            if let name = parameter.jobPath {
                if self[parameter.name] != nil { continue }
                let folder = parameter.partial.map { partialFolder($0, in: places.partials) } ?? places.folder
                restore(position, to: .path(name.isEmpty ? folder : "\(folder)/\(name)"))
            } else if let value = values[position] {
                if parameter.type.isOfPaths { restore(position, to: value.absolutePaths(from: places.base)) }
                value.place(places, at: "\(places.nested)/\(parameter.name)", &visited)
            }
        }
        for (index, task) in initTasks.enumerated() {
            Value.object(task).place(places, at: "\(places.nested)/__init_tasks__/\(index)", &visited)
        }
    }

    /// The paths that were made for it and for the objects in it, relative to its job's folder.
    package func declaredPaths(below folder: String) -> [String] {
        var found: [String] = []
        var visited: Set<ObjectIdentifier> = []
        func visit(_ object: ConfigObject) {
            guard visited.insert(ObjectIdentifier(object)).inserted, object === self || object.task == nil
            else { return }
            for parameter in object.type.parameters {
                guard let name = parameter.jobPath, !name.isEmpty,
                    case .path(let path)? = object[parameter.name]
                else { continue }
                let relative = Paths.relative(path, from: folder)
                // A line of the script's header each.
                if !relative.has(UInt8(ascii: "\n")), !found.contains(relative) {
                    found.append(relative)
                }
            }
            object.forEachObject(visit)
        }
        visit(self)
        return found
    }

    /// The folders shared with other tasks that it, or an object in it, has.
    package func partialFolders(in partials: @autoclosure () -> String) -> [String] {
        if isFlat, !type.hasPaths { return [] }
        let partials = partials()
        var found: [String] = []
        var visited: Set<ObjectIdentifier> = []
        func visit(_ object: ConfigObject) {
            guard visited.insert(ObjectIdentifier(object)).inserted, object === self || object.task == nil
            else { return }
            for case let partial? in object.type.parameters.map(\.partial) {
                let folder = object.partialFolder(partial, in: partials)
                if !found.contains(folder) { found.append(folder) }
            }
            object.forEachObject(visit)
        }
        visit(self)
        return found
    }

    private func partialFolder(_ partial: Partial, in partials: String) -> String {
        "\(partials)/\(type.key)/\(partial.name)/\(identifier(without: partial).hex)"
    }
}

extension Value {
    /// The same value with every path from the root.
    fileprivate func absolutePaths(from base: String) -> Value {
        switch self {
        case .path(let path): .path(path.hasPrefix("/") ? path : Paths.absolute(path, from: base))
        case .list(let values): .list(values.map { $0.absolutePaths(from: base) })
        case .set(let values): .set(values.map { $0.absolutePaths(from: base) })
        case .map(let entries):
            .map(entries.map { .init(key: $0.key, value: $0.value.absolutePaths(from: base)) })
        default: self
        }
    }

    fileprivate func place(_ places: PathPlaces, at path: String, _ visited: inout Set<ObjectIdentifier>) {
        switch self {
        case .object(let object):
            guard object.jobPath == nil, object.task == nil else { return }
            var inner = places
            inner.folder = path
            inner.nested = path
            object.place(inner, &visited)
        case .list(let values), .set(let values):
            for (index, value) in values.enumerated() {
                value.place(places, at: "\(path)/\(index)", &visited)
            }
        case .map(let entries), .openMap(let entries):
            for entry in entries {
                entry.value.place(places, at: "\(path)/\(Self.step(of: entry.key))", &visited)
            }
        default: break
        }
    }

    /// A key as the name of a folder, as experimaestro has it: another for each key, and none that leads
    /// elsewhere. What cannot be a name is written as in URLs (RFC 3986, 2.1).
    private static func step(of key: Value) -> String {
        let text = key.plainText
        let bytes = Array(text.utf8)
        let isName =
            !["", ".", "..", "%"].contains(text) && bytes.count <= 200
            && !bytes.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7f }
        // A text that looks like a written one is written too.
        let looksWritten = bytes.indices.contains { index in
            bytes[index] == UInt8(ascii: "%")
                && bytes.dropFirst(index + 1).prefix(2).count(where: \.isHexDigit) == 2
        }
        if isName, !looksWritten { return text }
        if bytes.isEmpty { return "%" }
        let written = bytes.map { byte in
            let isPlain = byte.isLetter || byte.isDigit || byte >= 0x80 || "-_=+,".utf8.contains(byte)
            return isPlain
                ? String(UnicodeScalar(byte))
                : "%" + String(Int(byte) + 0x100, radix: 16, uppercase: true).suffix(2)
        }
        return written.joined()
    }
}
