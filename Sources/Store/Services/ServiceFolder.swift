package import Model
package import System
import Text

/// The files of a service in its run: `{run}/services/{id}/`, and of a sub-service
/// `{run}/services/{id}/parts/{sub}/`.
///
///     service.json   what it was made with, where it stands, and how to find its process (`ServiceRecord`)
///     log            what it writes; `log.1` what it wrote before that
///     dir/           `{dir}`: links to job folders, by their tags
package struct ServiceFolder: Sendable, Equatable {
    package let run: String
    package let id: String
    package var path: String { "\(run)/services/" + id.split(separator: "/").joined(separator: "/parts/") }

    package init(_ id: String, in run: String) {
        self.id = id
        self.run = run
    }

    package var experiment: String { Paths.name(Paths.parent(run)) }
    package var log: String { "\(path)/log" }
    package var dir: String { "\(path)/dir" }
    package var record: String { "\(path)/service.json" }
    /// The definition with the values of its variables, for its owner only.
    package var definition: String { "\(path)/definition.json" }

    package func create() throws(SystemError) { try Files.makeFolder(dir, below: run) }

    /// Links a folder into `dir`, by tags: `lr=0.001/seed=1`.
    package func link(_ target: String, tags: [ConfigObject.Tag], below: String) throws(SystemError) {
        let steps = tags.map { tag in [tag].pathComponent }
        let way = ([below] + (steps.isEmpty ? [Paths.name(target)] : steps)).filter { !$0.isEmpty }
        // What a file name cannot hold is cut, and told from others by the job.
        let ending = "-" + Paths.name(target).prefix(bytes: 12)
        let fitting = way.map { step in
            step.utf8.count <= Self.longest
                ? step : step.prefix(bytes: Self.longest - ending.utf8.count) + ending
        }
        var path = "\(dir)/\(fitting.joined(separator: "/"))"
        // Another job may have that name, or be below it.
        for number in 1... {
            let parent = Paths.parent(path)
            let link = Paths.relative(target, from: parent)
            if Files.linkTarget(path) == link { return }
            let isTaken = Files.kind(path, followingLinks: false) != nil || leadsThroughLink(parent)
            if !isTaken {
                try Files.makeFolder(parent, below: run)
                try Files.link(path, to: link)
                return
            }
            path = "\(dir)/\(fitting.joined(separator: "/"))\(ending)\(number > 1 ? "-\(number)" : "")"
            if leadsThroughLink(Paths.parent(path)) {
                path = "\(dir)/\(below)/\(fitting.dropFirst().joined(separator: ","))\(ending)"
            }
        }
    }

    /// The most bytes of a file name.
    private static let longest = 200

    /// Whether a folder of links is one itself: what is put into it would lie in a job's folder.
    private func leadsThroughLink(_ folder: String) -> Bool {
        var folder = folder
        while folder.hasPrefix("\(dir)/") {
            if Files.kind(folder, followingLinks: false) == .link { return true }
            folder = Paths.parent(folder)
        }
        return false
    }

    /// The services of a run, by id, those of a service behind it.
    package static func all(in run: String) -> [ServiceFolder] {
        func below(_ folder: String, _ prefix: String) -> [ServiceFolder] {
            ((try? Files.list(folder)) ?? []).flatMap { name -> [ServiceFolder] in
                let service = ServiceFolder(prefix + name, in: run)
                guard Files.exists(service.record) else { return [] }
                return [service] + below("\(service.path)/parts", "\(prefix)\(name)/")
            }
        }
        return below("\(run)/services", "")
    }
}

/// What the disk says of a service.
package struct ServiceRecord: Sendable, Equatable {
    /// What it is made with; nil for one that is written in Lua, which only its script can start.
    package var definition: ServiceDefinition?
    package var description: String
    package var state: ServiceState
    package var url: String?
    /// The process that hosts it.
    package var host: ProcessRecord?

    package init(definition: ServiceDefinition?, description: String, state: ServiceState) {
        self.definition = definition
        self.description = description
        self.state = state
    }

    private static let version: Int64 = 1

    package func write(to folder: ServiceFolder) throws(SystemError) {
        let json: JSON = [
            "version": .int(Self.version), "id": .string(folder.id), "description": .string(description),
            "state": .string(state.name), "error": .optional(state.error), "url": .optional(url),
            "host": host?.json() ?? .null,
            "definition": definition?.json(masksVariables: true) ?? .null,
        ]
        if let definition, definition.hasVariables {
            try Files.replace(folder.definition, with: definition.json.prettyBytes, mode: 0o600)
        }
        try Files.replace(folder.record, with: json.prettyBytes)
    }

    /// - Returns: nil where there is none that can be read, or one of a newer version.
    package static func read(_ folder: ServiceFolder) -> ServiceRecord? {
        guard let bytes = try? Files.read(folder.record, limit: 1 << 24), let json = try? JSON.parse(bytes),
            (json["version"]?.int ?? 0) <= version, let name = json["state"]?.string
        else { return nil }
        let state = ServiceState(named: name, error: json["error"]?.string)
        var record = ServiceRecord(
            definition: definition(json["definition"], in: folder),
            description: json["description"]?.string ?? "", state: state)
        record.url = json["url"]?.string
        record.host = json["host"].flatMap(ProcessRecord.init)
        return record
    }

    /// - Returns: nil also where its variables are another user's.
    private static func definition(_ json: JSON?, in folder: ServiceFolder) -> ServiceDefinition? {
        guard let masked = json.flatMap(ServiceDefinition.init) else { return nil }
        let isWhole = !masked.hasVariables || !Files.exists(folder.definition)
        if isWhole { return masked }
        let bytes = try? Files.read(folder.definition, limit: 1 << 24)
        return bytes.flatMap { try? JSON.parse($0) }.flatMap(ServiceDefinition.init)
    }

    /// Where it stands, whatever was written last: one whose host is gone is stopped.
    package var actualState: ServiceState {
        switch state {
        case .starting, .running, .stopping:
            guard let host else { return state }
            return host.isElsewhere || host.isAlive ? state : .stopped
        default: return state
        }
    }
}
