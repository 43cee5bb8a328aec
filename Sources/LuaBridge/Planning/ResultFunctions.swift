import Engine
import Inventory
import Model
import Text

/// `xp:results { … }`: the table of `xpm results`, for plans that decide by it.
extension PlanSession {
    func addResultFunctions() {
        module.add("results") { [unowned self] stack in
            guard let experiment else { throw ScriptError("xp:results works inside run") }
            let (request, best) = try Self.request(stack)
            let points = experiment.submitted.map { ResultPoint($0.record) }
            // Before anything has such a result, as in a dry run, there is nothing to decide by.
            let hasSome = points.contains { point in
                request.metrics.map { names in names.contains { point.metric($0) != nil } } ?? !point.metrics
                    .isEmpty
            }
            guard hasSome || points.allSatisfy({ $0.state == .done }) && !points.isEmpty else {
                stack.pushTable()
                return 1
            }
            do throws(ResultTable.Problem) {
                var table = try ResultTable(points, request)
                if let name = table.metrics.first(where: table.rowNames.contains) {
                    throw ResultTable.Problem(
                        text: "'\(name)' is a parameter and a result: name the rows, or another metric")
                }
                if let best, let first = table.metrics.first {
                    try table.sort(by: first, descending: best == "max", \.mean)
                }
                try push(table, stack)
            } catch { throw ScriptError("xp:results: \(error.text)") }
            return 1
        }
    }

    private static let keys = ["rows", "metric", "over", "best"]

    private static func request(_ stack: LuaStack) throws -> (ResultTable.Request, best: String?) {
        var request = ResultTable.Request()
        var best: String?
        guard !stack.isAbsent(1) else { return (request, nil) }
        guard stack.kind(1) == .table else {
            throw ScriptError(
                "xp:results takes a table: xp:results { rows = \"lr\", metric = \"accuracy\", over = \"seed\" }"
            )
        }
        try stack.forEachPair(of: 1) {
            let name = stack.string(-2) ?? stack.description(-2)
            guard keys.contains(name) else {
                throw ScriptError("xp:results has no '\(name)'" + Suggestion.hint(for: name, among: keys))
            }
            if name == "best" {
                guard let which = stack.string(-1), ["max", "min"].contains(which) else {
                    throw ScriptError("xp:results: best is \"max\" or \"min\"")
                }
                best = which
                return
            }
            let names = try Self.names(stack, name)
            switch name {
            case "rows": request.rows = names
            case "metric": request.metrics = names
            default: request.over = names
            }
        }
        return (request, best)
    }

    /// A name, or a list of names.
    private static func names(_ stack: LuaStack, _ key: String) throws -> [String] {
        if stack.kind(-1) == .string, let name = stack.string(-1) { return [name] }
        guard case .list(let values) = try stack.value(-1), !values.isEmpty else {
            throw ScriptError("xp:results: \(key) needs a name, or a list of names")
        }
        return values.map(\.plainText)
    }

    /// A list of rows: parameters by their names, and for each metric a table of numbers.
    private func push(_ table: ResultTable, _ stack: LuaStack) throws(ResultTable.Problem) {
        let rows = table.rows.map { row -> Value in
            var entries = zip(table.rowNames, row.keys).compactMap { name, key in
                key.map { Value.Entry(key: .string(name), value: $0.value) }
            }
            for (name, cell) in zip(table.metrics, row.cells.first ?? []) {
                if let summary = cell.summary {
                    entries.append(.init(key: .string(name), value: summary.json.value))
                }
            }
            return .map(entries)
        }
        do { try module.push(.list(rows), stack) } catch { throw ResultTable.Problem(text: "\(error)") }
    }
}
