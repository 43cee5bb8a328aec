import Inventory
import Model
import Search
import Store
import System
import Text

/// Earlier jobs whose results a search knows from the start: those of a type that are done, with some parameters as they
/// are given, and the others in the space.
struct SearchPrior {
    private let type: ConfigType
    private let given: [(name: String, value: JSON)]
    private let workspace: Workspace

    /// Reads the type at index 2 of a call and the table at 3, whose other fields are parameters; nil where there is
    /// none.
    init?(_ stack: LuaStack, in workspace: Workspace) throws {
        guard !stack.isAbsent(3) else { return nil }
        guard let definition = stack.object(2, .configType) else {
            throw ScriptError("xpm.search: prior needs a task: prior = { task = Train, seed = 1 }")
        }
        let type = definition.type
        guard type.kind != .config else { throw ScriptError("xpm.search: prior: \(type.id) is no task") }
        var found: [(name: String, value: JSON)] = []
        func add(_ way: String, _ value: JSON) {
            if case .object(let members) = value {
                for member in members { add("\(way).\(member.name)", member.value) }
            } else {
                found.append((way, value))
            }
        }
        let known = type.parameters.map(\.name)
        try stack.forEachPair(of: 3) {
            guard let name = stack.string(-2), name != "task" else { return }
            let first = String(name.cut(at: ".")?.before ?? name[...])
            guard known.contains(first) else {
                throw ScriptError(
                    "xpm.search: prior: \(type.id) has no parameter '\(first)'\(Suggestion.hint(for: first, among: known))"
                )
            }
            add(name, JSON(plain: try stack.value(-1)))
        }
        self.type = type
        self.workspace = workspace
        given = found.sorted { ByteOrder.less($0.name, $1.name) }
    }

    /// What is asked for, which makes one search another.
    var json: JSON {
        ["task": .string(type.id), "given": .object(given.map { .init($0.name, $0.value) })]
    }

    /// The jobs that fit, in the order of their identifiers, and what is to be told of them.
    func find(
        _ space: SearchSpace, metric: String
    ) throws -> (known: [(point: SearchPoint, value: Double)], text: String) {
        var known: [(point: SearchPoint, value: Double)] = []
        var (outside, without) = (0, 0)
        // Of several jobs of a point the mean counts.
        var places: TextMap<(place: Int, count: Int)> = [:]
        let folder = "\(workspace.jobs)/\(type.id.lowercased())"
        let name = String(type.id.split(separator: ".").last ?? "")
        for identifier in (try? Files.list(folder)) ?? [] {
            let job = JobFolder(path: "\(folder)/\(identifier)", name: name)
            guard job.isDone, let task = try? RecordedTask.read(job.path) else { continue }
            let values = TextMap(texts: task.flattened.map { ($0.name, $0.json) })
            let fits = given.allSatisfy { name, value in
                guard let own = values[name] else { return false }
                return own == value || own.number.map { $0 == value.number } ?? false
            }
            guard fits else { continue }
            var point = SearchPoint()
            for dimension in space.dimensions {
                guard let value = values[dimension.way], value != .null else { continue }
                point[dimension.way] = space.plain(value, of: dimension.way)
            }
            // What has no meaning for these values has one in the job all the same: its default.
            for dimension in space.dimensions where !dimension.conditions.isEmpty {
                let isThere = dimension.conditions.allSatisfy { condition in
                    point[condition.way].map(condition.values.contains) ?? false
                }
                if !isThere { point[dimension.way] = nil }
            }
            guard space.contains(point) else {
                outside += 1
                continue
            }
            let result = JobResult.read(job)?[metric]
            guard let value = result?.number ?? result?.string.flatMap({ Double($0) }), value.isFinite else {
                without += 1
                continue
            }
            if let (place, count) = places[point.key] {
                known[place].value += (value - known[place].value) / Double(count + 1)
                places[point.key] = (place, count + 1)
            } else {
                places[point.key] = (known.count, 1)
                known.append((point, value))
            }
        }
        let parts = [
            "\(known.count) known", outside > 0 ? "\(outside) outside the space" : nil,
            without > 0 ? "\(without) without \(metric)" : nil,
        ].compactMap(\.self)
        return (known, "earlier jobs of \(type.id): \(parts.joined(separator: ", "))")
    }
}
