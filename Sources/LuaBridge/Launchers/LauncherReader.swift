import Batch
import Engine
import Model
import System
import Text

/// Reads the table of `xpm.launchers.slurm { … }`.
struct LauncherReader {
    /// For messages: `xpm.launchers.slurm`.
    let what: String
    let kind: LauncherDefinition.Kind

    private static let keysOfBatch = [
        "name", "partitions", "setup", "max_submitted", "export", "options", "duration",
        "pack", "pilots", "pilot_duration", "wrap", "detached",
    ]
    private static let keysOfPrograms = ["submit", "status", "cancel", "index", "array"]
    private static let keysOfPartitions = ["name", "cores", "memory", "gpus", "duration", "options"]

    func definition(of fields: [Value.Entry], usualName: String) throws -> LauncherDefinition {
        let name = try name(fields) ?? usualName
        var known = kind == .direct ? ["name", "wrap"] : Self.keysOfBatch
        var fields = fields
        if kind == .batch(Self.program) {
            known += Self.keysOfPrograms
            try refuseUnknown(fields, known, what)
            let own = LauncherReader(what: what, kind: try programs(fields, name))
            fields.removeAll { Self.keysOfPrograms.contains($0.key.plainText) }
            return try own.definition(of: fields, usualName: name)
        }
        try refuseUnknown(fields, known, what)
        var definition = LauncherDefinition(name: name, kind: kind)
        for field in fields {
            switch field.key.plainText {
            case "partitions": definition.partitions = try partitions(field.value)
            case "setup":
                guard case .string(let text) = field.value else {
                    throw fail("setup needs lines of shell", field)
                }
                definition.setup = text
            case "max_submitted":
                guard case .int(let count) = field.value, count >= 1, count <= 1 << 30 else {
                    throw fail("max_submitted needs a whole number from 1", field)
                }
                definition.mostSubmitted = Int(count)
            case "export":
                guard case .string(let text) = field.value, ["all", "none"].contains(text) else {
                    throw fail("export is \"all\" or \"none\"", field)
                }
                definition.exportsEnvironment = text == "all"
            case "options": definition.options = try options(field.value)
            case "pack":
                switch field.value {
                case .bool(let isPacked): definition.lanes = isPacked ? 1 : 0
                case .int(let count) where BatchOptions.lanes.contains(count):
                    definition.lanes = Int(count)
                default: throw fail("pack is true, false, or how many jobs a pilot has at a time", field)
                }
            case "wrap":
                do { definition.wrap = try WrapWords.read(field.value) } catch {
                    throw ScriptError("\(what): wrap: \(error.shown)")
                }
            case "pilots":
                guard case .int(let count) = field.value, (1...10_000).contains(count) else {
                    throw fail("pilots needs a whole number from 1", field)
                }
                definition.mostPilots = Int(count)
            case "pilot_duration": definition.pilotDuration = try duration(field.value, what)
            case "duration": definition.duration = try duration(field.value, what)
            case "detached":
                guard case .string(let text) = field.value else {
                    throw fail("detached needs a requirement, such as \"duration=1d & cpu(mem=1G)\"", field)
                }
                do throws(RequirementError) { definition.detached = try Requirement(text) } catch {
                    throw ScriptError("\(what): detached: \(error.text)")
                }
            default: continue
            }
        }
        return definition
    }

    /// What the constructor of a launcher on another host is called.
    static let remote = "ssh"

    /// `{ host = "login.site", workspace = "/scratch/ana/xpm", launcher = "slurm", program = "xpm" }`
    func remote(of fields: [Value.Entry]) throws -> LauncherDefinition {
        try refuseUnknown(fields, ["name", "host", "workspace", "launcher", "program"], what)
        func text(_ name: String) throws -> String? {
            guard let field = fields.first(where: { $0.key.plainText == name }) else { return nil }
            guard case .string(let text) = field.value, !text.isEmpty, !text.has(0) else {
                throw fail("\(name) needs a text", field)
            }
            return text
        }
        guard let host = try text("host"), let workspace = try text("workspace") else {
            throw ScriptError("\(what) needs host, as ssh takes it, and workspace, a folder there")
        }
        guard let place = RemoteFolder(host: host, path: workspace) else {
            throw ScriptError(
                "\(what): host is a name as ssh takes it, and workspace an absolute path there, got '\(host)' and '\(workspace)'"
            )
        }
        let kind = LauncherDefinition.Kind.remote(
            place, launcher: try text("launcher"), program: try text("program") ?? "xpm")
        return LauncherDefinition(name: try name(fields) ?? Self.remote, kind: kind)
    }

    /// What the constructor of a batch system of one's own calls it.
    static let program = "batch"

    /// `{ submit = "…", status = "…", cancel = "…", index = "$PBS_ARRAY_INDEX" }`
    private func programs(_ fields: [Value.Entry], _ title: String) throws -> LauncherDefinition.Kind {
        func text(_ name: String) throws -> String {
            guard let field = fields.first(where: { $0.key.plainText == name }) else {
                throw ScriptError("\(what) needs \(name), a command for sh")
            }
            guard case .string(let text) = field.value, !text.isBlank, !text.has(0) else {
                throw fail("\(name) is a command for sh", field)
            }
            return text
        }
        var longest: Int64 = 1000
        if let field = fields.first(where: { $0.key.plainText == "array" }) {
            guard case .int(let count) = field.value, (1...1_000_000).contains(count) else {
                throw fail("array is the most jobs of one, a whole number from 1", field)
            }
            longest = count
        }
        let system = ProgramBatch(
            title: title, submit: try text("submit"), status: try text("status"),
            cancel: try text("cancel"), index: "\"\(try text("index"))\"", longest: Int(longest))
        BatchQueue.trust(system.name)
        return .batch(system.name)
    }

    private func fail(_ problem: String, _ field: Value.Entry) -> ScriptError {
        ScriptError("\(what): \(problem), got \(field.value.told)")
    }

    private func refuseUnknown(_ fields: [Value.Entry], _ known: [String], _ what: String) throws {
        for field in fields where !known.contains(field.key.plainText) {
            let name = field.key.plainText
            throw ScriptError("\(what) has no '\(name)'\(Suggestion.hint(for: name, among: known))")
        }
    }

    private func name(_ fields: [Value.Entry]) throws -> String? {
        guard let field = fields.first(where: { $0.key.plainText == "name" }) else { return nil }
        guard case .string(let text) = field.value, !text.isEmpty,
            text.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "-_.".utf8.contains($0) })
        else { throw fail("name needs letters, digits, '-', '_' and '.'", field) }
        return text
    }

    private func options(_ value: Value) throws -> [String] {
        guard case .batch(let name) = kind, let system = BatchQueue.system(named: name) else { return [] }
        return try BatchOptions.read(value, of: system, what: "options", takesPartition: false).options
    }

    private func duration(_ value: Value, _ what: String) throws -> Double {
        guard case .string(let text) = value else {
            throw ScriptError(
                "\(what): duration needs a time with its unit, such as \"2d\", got \(value.told)")
        }
        do throws(RequirementError) { return try Requirement.seconds(text) } catch {
            throw ScriptError("\(what): duration: \"\(text)\": \(error.problem)")
        }
    }

    private func size(_ value: Value, _ what: String) throws -> Int64 {
        guard case .string(let text) = value else {
            throw ScriptError("\(what) needs a size with its unit, such as \"64G\", got \(value.told)")
        }
        do throws(RequirementError) { return try Requirement.bytes(text) } catch {
            throw ScriptError("\(what): \"\(text)\": \(error.problem)")
        }
    }

    // MARK: Partitions

    private func partitions(_ value: Value) throws -> [LauncherDefinition.Partition] {
        guard case .list(let values) = value else {
            throw ScriptError(
                "\(what): partitions needs a list: partitions = { { name = \"cpu\", cores = 64 } }, got \(value.told)"
            )
        }
        var found: [LauncherDefinition.Partition] = []
        for (index, value) in values.enumerated() {
            let place = "\(what): partition \(index + 1)"
            guard let fields = value.entries, let name = try name(fields) else {
                throw ScriptError("\(place) needs a table with a name: { name = \"cpu\", cores = 64 }")
            }
            try refuseUnknown(fields, Self.keysOfPartitions, "\(what): partition '\(name)'")
            if found.contains(where: { $0.name == name }) {
                throw ScriptError("\(what): there are two partitions '\(name)'")
            }
            found.append(try partition(name, fields))
        }
        return found
    }

    private func partition(
        _ name: String, _ fields: [Value.Entry]
    ) throws -> LauncherDefinition.Partition {
        let place = "\(what): partition '\(name)'"
        var partition = LauncherDefinition.Partition(name: name)
        for field in fields {
            switch field.key.plainText {
            case "cores":
                guard case .int(let count) = field.value, count >= 1, count <= 1 << 20 else {
                    throw ScriptError("\(place): cores needs a whole number from 1, got \(field.value.told)")
                }
                partition.cores = Int(count)
            case "memory": partition.memory = try size(field.value, "\(place): memory")
            case "gpus": partition.gpus = try gpus(field.value, "\(place): gpus")
            case "duration": partition.duration = try duration(field.value, place)
            case "options": partition.options = try options(field.value)
            default: continue
            }
        }
        return partition
    }

    /// Their sizes; of a number of them the sizes fit whatever is asked for.
    private func gpus(_ value: Value, _ what: String) throws -> [Int64] {
        switch value {
        case .int(let count) where (0...1024).contains(count):
            return [Int64](repeating: .max, count: Int(count))
        case .list(let sizes): return try sizes.map { try size($0, what) }
        default:
            throw ScriptError(
                "\(what) needs how many, or the memory of each: gpus = { \"80G\", \"80G\" }, got \(value.told)"
            )
        }
    }
}
