package import System
package import Text

/// What a job gave as its result: `results.json` in its folder, one JSON object.
package enum JobResult {
    package static let name = "results.json"

    /// Tells one content of the file from another; nil where there is no file.
    package static func stamp(_ folder: JobFolder) -> FileStamp? { Files.stamp("\(folder.path)/\(name)") }

    /// The result; nil if there is none that can be read.
    package static func read(_ folder: JobFolder) -> JSON? {
        guard let bytes = try? Files.readSmall("\(folder.path)/\(name)", limit: 1 << 24) else { return nil }
        guard let json = try? JSON.parse(bytes), case .object = json else { return nil }
        return json
    }

    /// Lays values over those that are there, key by key, also in values that are objects.
    package static func add(_ values: JSON, to folder: JobFolder) throws(SystemError) {
        guard case .object = values else { return }
        let merged = lay(values, over: read(folder) ?? [:])
        try Files.replace("\(folder.path)/\(name)", with: merged.prettyBytes)
    }

    /// One value laid over another: of two objects the keys of both, the new ones last.
    static func lay(_ new: JSON, over old: JSON) -> JSON {
        guard case .object(let members) = new, case .object(var merged) = old else { return new }
        for member in members {
            let known = merged.first { $0.name == member.name }?.value
            merged.removeAll { $0.name == member.name }
            merged.append(.init(member.name, known.map { lay(member.value, over: $0) } ?? member.value))
        }
        return .object(merged)
    }
}
