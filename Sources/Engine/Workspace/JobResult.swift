package import Text

/// What a job gave as its result: `results.json` in its folder, one JSON object.
package enum JobResult {
    package static let name = "results.json"

    /// Tells one content of the file from another; nil where there is no file.
    static func stamp(_ folder: JobFolder) -> FileStamp? { Files.stamp("\(folder.path)/\(name)") }

    /// The result; nil if there is none that can be read.
    package static func read(_ folder: JobFolder) -> JSON? {
        guard let bytes = try? Files.read("\(folder.path)/\(name)", limit: 1 << 24) else { return nil }
        guard let json = try? JSON.parse(bytes), case .object = json else { return nil }
        return json
    }

    /// Lays values over those that are there.
    package static func add(_ values: JSON, to folder: JobFolder) throws(SystemError) {
        var merged: [JSON.Member] = []
        if case .object(let known)? = read(folder) { merged = known }
        guard case .object(let members) = values else { return }
        for member in members {
            merged.removeAll { $0.name == member.name }
            merged.append(member)
        }
        try Files.replace("\(folder.path)/\(name)", with: JSON.object(merged).prettyBytes)
    }
}

extension JSON {
    /// As a value of a script.
    package var value: Engine.Value {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .string(let value): .string(value)
        case .array(let values): .list(values.map(\.value))
        case .object(let members): .map(members.map { .init(key: .string($0.name), value: $0.value.value) })
        }
    }
}
