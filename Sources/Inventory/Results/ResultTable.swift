import Store
package import Text

/// Results of many jobs as a table: parameters down and across, and a summary of each metric in the cells.
package struct ResultTable: Sendable {
    /// What a table is to show.
    package struct Request: Sendable {
        /// Parameters whose values have a row each; nil for all that vary and are nowhere else.
        package var rows: [String]?
        /// Parameters whose values have columns.
        package var columns: [String] = []
        /// Nil for all that there are.
        package var metrics: [String]?
        /// Parameters over whose values a cell sums up.
        package var over: [String] = []
        /// How a parameter is named, for notes.
        package var options = "--rows, --cols or --over"

        package init() {}
    }

    package struct Cell: Sendable, Equatable {
        package var summary: Summary?
        /// The states of the jobs that have no such result, with their numbers.
        package var missing: [(state: JobRecord.State, count: Int)] = []
        /// Results that are texts, with their numbers.
        package var texts: [(text: String, count: Int)] = []

        package init(
            summary: Summary? = nil, missing: [(state: JobRecord.State, count: Int)] = [],
            texts: [(text: String, count: Int)] = []
        ) {
            self.summary = summary
            self.missing = missing
            self.texts = texts
        }

        package static func == (left: Cell, right: Cell) -> Bool {
            left.summary == right.summary && left.missing.elementsEqual(right.missing, by: ==)
                && left.texts.elementsEqual(right.texts, by: ==)
        }
    }

    package struct Row: Sendable {
        /// The values of the row's parameters; nil for one that its jobs do not have.
        package let keys: [JSON?]
        /// By column, then by metric.
        package var cells: [[Cell]]
    }

    package let rowNames: [String]
    package let columnNames: [String]
    /// The values of the column's parameters, for each column; one without any where there are no such
    /// parameters.
    package let columnKeys: [[JSON?]]
    package let metrics: [String]
    package private(set) var rows: [Row]
    /// What a reader may not expect of the cells: that they mix types of tasks, or sum up over a parameter
    /// that was not named.
    package let notes: [String]

    /// Why there is no such table.
    package struct Problem: Error, Equatable {
        package let text: String

        package init(text: String) { self.text = text }
    }

    /// Makes a table.
    ///
    /// - Parameter parameters: the parameters of a job, for names that are no tags.
    package init(
        _ points: [ResultPoint], _ request: Request,
        parameters: (ResultPoint) -> TextMap<JSON> = { $0.parameters }
    ) throws(Problem) {
        metrics = try Self.metrics(of: points, request)
        // Which jobs are to have a metric: those of the types of which one has it.
        var types: TextMap<TextSet> = [:]
        for point in points {
            for metric in point.metrics { types[metric.name, default: []].insert(point.task) }
        }
        for name in metrics {
            for point in points
            where point.text(name) != nil || types[name] == nil && point.metric(name) != nil {
                types[name, default: []].insert(point.task)
            }
        }
        let unknown = metrics.filter { types[$0] == nil }
        // One that nobody has yet may come from any job of a type of which none is done.
        for metric in unknown { types[metric] = Self.unfinished(points) }
        let owners = metrics.reduce(into: TextSet()) { $0.formUnion(types[$1] ?? []) }
        let mine = points.filter { owners.contains($0.task) }
        let chosen = mine.flatMap(\.variants)
        let named = request.columns + request.over + (request.rows ?? [])
        try Self.check(named, chosen, parameters)
        columnNames = request.columns
        rowNames = request.rows ?? Self.varying(chosen, without: named)
        var grid = Grid(metrics: metrics, types: types)
        for point in chosen {
            grid.add(
                point, row: rowNames.map { point.value($0, parameters: parameters) },
                column: columnNames.map { point.value($0, parameters: parameters) })
        }
        columnKeys = grid.columns.sorted { Self.isBefore($0, $1) }
        rows = grid.rows(columnKeys).sorted { Self.isBefore($0.keys, $1.keys) }
        notes = Self.notes(
            chosen, metrics.filter { !unknown.contains($0) }, types, rows: rowNames + columnNames, request,
            parameters)
    }

    /// The types of which no job is done; where there are none, those of which one is not.
    private static func unfinished(_ points: [ResultPoint]) -> TextSet {
        let open = TextSet(points.filter { $0.state != .done }.map(\.task))
        let without = open.subtracting(TextSet(points.filter { $0.state == .done }.map(\.task)))
        return without.isEmpty ? open : without
    }

    private static func notes(
        _ points: [ResultPoint], _ metrics: [String], _ types: TextMap<TextSet>, rows: [String],
        _ request: Request, _ parameters: (ResultPoint) -> TextMap<JSON>
    ) -> [String] {
        var notes: [String] = []
        let untold = untold(points, rows + request.over, parameters)
        if !untold.isEmpty {
            notes.append(
                "cells mix jobs that differ in \(untold.joined(separator: " and ")), which is no tag: name it with \(request.options), or tag it"
            )
        }
        for metric in metrics {
            let tasks = (types[metric] ?? []).ordered
            guard tasks.count > 1 else { continue }
            notes.append(
                "\(metric) is a result of \(tasks.joined(separator: " and ")): a cell may mix them; --filter '@name = \"\(tasks[0])\"' leaves one"
            )
        }
        for name in metrics {
            let count = points.count { $0.textMetrics.contains(name) }
            if count > 0 {
                notes.append(
                    "\(name) is a text in \(count) job\(count == 1 ? "" : "s"): it counts as the number that it says"
                )
            }
            let others = points.count { $0.metric(name) == nil && $0.text(name) != nil }
            if others > 0, points.contains(where: { $0.metric(name) != nil }) {
                notes.append(
                    "\(name) is a text that says no number in \(others) job\(others == 1 ? "" : "s"), and a number in others"
                )
            }
        }
        let pooled = pooled(points, rows, request.over, parameters)
        if !pooled.isEmpty {
            notes.append(
                "cells sum up over \(pooled.joined(separator: " and ")) too: \(request.options) says what becomes of it"
            )
        }
        return notes
    }

    /// Tags in which jobs of one cell differ, and that were not named.
    private static func pooled(
        _ points: [ResultPoint], _ rows: [String], _ over: [String],
        _ parameters: (ResultPoint) -> TextMap<JSON>
    ) -> [String] {
        let named = TextSet(rows + over)
        var values: TextMap<TextSet> = [:]
        let done = points.filter { $0.state == .done }
        for point in done {
            for tag in point.tags where !named.contains(tag.name) {
                values[tag.name, default: []].insert(tag.value.key)
            }
        }
        let varying = values.filter { $0.value.count > 1 }.map(\.key.text)
        if varying.isEmpty { return [] }
        var first: TextMap<TextMap<String>> = [:]
        var found: TextSet = []
        for point in done {
            let cell = rows.map { point.value($0, parameters: parameters)?.key ?? "" }.joined(
                separator: "\u{1f}")
            for name in varying where !found.contains(name) {
                let value = point.tags.last { $0.name == name }?.value.key ?? ""
                if let known = first[cell]?[name] {
                    if known != value { found.insert(name) }
                } else {
                    first[cell, default: [:]][name] = value
                }
            }
        }
        return found.ordered
    }

    /// Parameters in which jobs differ that have the same tags, and stand in one cell.
    private static func untold(
        _ points: [ResultPoint], _ named: [String], _ parameters: (ResultPoint) -> TextMap<JSON>
    ) -> [String] {
        // In most tables no two jobs have the same tags: their hashes tell.
        var alike: [Int: [ResultPoint]] = [:]
        for point in points where point.state == .done {
            alike[point.tags.reduce(TextKey(point.task).hashValue) { $0 ^ hash(of: $1) }, default: []].append(
                point)
        }
        var groups: TextMap<[ResultPoint]> = [:]
        for some in alike.values where some.count > 1 {
            for point in some {
                let tags = point.tags.map { "\(JSON.string($0.name).text)\($0.value.key)" }
                let key = "\(point.task) \(tags.sorted(by: ByteOrder.less).joined())"
                groups[key, default: []].append(point)
            }
        }
        var differing: TextSet = []
        for group in groups.values where group.count > 1 {
            let all = TextSet(group.map(\.identifier))
            guard all.count > 1 else { continue }
            let values = group.map(parameters)
            for name in TextSet(values.flatMap(\.orderedKeys)).ordered {
                if TextSet(values.map { $0[name]?.key ?? "" }).count > 1 { differing.insert(name) }
            }
        }
        let tags = TextSet(points.flatMap { $0.tags.map(\.name) })
        // Of an earlier task that differs, its parameters say in what.
        return differing.ordered.filter { name in
            !named.contains(name) && !tags.contains(name)
                && !differing.contains { $0.text.hasPrefix("\(name).") }
        }
    }

    private static func hash(of tag: (name: String, value: JSON)) -> Int {
        var hasher = Hasher()
        TextKey(tag.name).hash(into: &hasher)
        switch tag.value {
        case .int(let value): hasher.combine(value)
        case .float(let value) where Int64(exactly: value) == nil: hasher.combine(value)
        case .string(let value): TextKey(value).hash(into: &hasher)
        case .float(let value): hasher.combine(Int64(value))
        default: TextKey(tag.value.key).hash(into: &hasher)
        }
        return hasher.finalize()
    }

    /// The metrics that are asked for, or all, in the order in which they come first.
    package static func metrics(of points: [ResultPoint], _ request: Request) throws(Problem) -> [String] {
        var known: [String] = []
        var seen: TextSet = []
        for point in points {
            for metric in point.metrics where seen.insert(metric.name).inserted { known.append(metric.name) }
        }
        let areDone = points.allSatisfy { $0.state == .done }
        let mayCome = points.contains { [.running, .waiting, .ready, .held].contains($0.state) }
        guard !points.isEmpty, !(known.isEmpty && areDone && points.allSatisfy(\.otherNames.isEmpty)) else {
            throw Problem(text: points.isEmpty ? "there are no such jobs" : "no job has a result")
        }
        var chosen: [String] = []
        for name in request.metrics ?? [] {
            if seen.contains(name) {
                chosen.append(name)
                continue
            }
            if let length = points.compactMap({ $0.length(name) }).max() {
                guard length > 0 else { throw Problem(text: "the result '\(name)' is an empty list") }
                guard length <= mostElements else {
                    throw Problem(
                        text:
                            "the result '\(name)' is a list of \(length): name some of its elements, \(name).1 to \(name).\(length)"
                    )
                }
                chosen += (0..<length).map { "\(name).\($0 + 1)" }
                continue
            }
            if points.contains(where: { $0.metric(name) != nil || $0.text(name) != nil }) {
                chosen.append(name)
                continue
            }
            // `accuracy` for `test.accuracy`.
            let ending = known.filter { $0.hasSuffix(".\(name)") }
            guard ending.count <= 1 else {
                throw Problem(text: "several results are called '\(name)': \(ending.joined(separator: ", "))")
            }
            chosen.append(ending.first ?? name)
            if !ending.isEmpty { continue }
            let all = known + TextSet(points.flatMap(\.otherNames)).subtracting(seen).ordered
            let hint = Suggestion.hint(for: name, among: all)
            // It may still come; and where nobody has a result, nobody knows.
            if hint.isEmpty, mayCome || all.isEmpty { continue }
            let list = all.isEmpty ? "" : ": \(all.joined(separator: ", "))"
            throw Problem(text: "no job has a result '\(name)'\(hint)\(list)")
        }
        if request.metrics != nil { return chosen }
        if known.isEmpty, let text = points.lazy.flatMap(\.otherNames).first(where: { _ in true }) {
            return [text]
        }
        return known.isEmpty ? ["result"] : known
    }

    /// How many elements of a list have columns.
    private static let mostElements = 100

    private static func check(
        _ names: [String], _ points: [ResultPoint], _ parameters: (ResultPoint) -> TextMap<JSON>
    ) throws(Problem) {
        var seen: TextSet = []
        for name in names {
            guard seen.insert(name).inserted else { throw Problem(text: "'\(name)' is named twice") }
            if points.contains(where: { $0.value(name, parameters: parameters) != nil }) { continue }
            let known = Self.names(of: points, parameters: parameters)
            throw Problem(
                text: "these jobs have no tag and no parameter '\(name)'" + known.saying(near: name))
        }
    }

    /// What may be named of some jobs: their tags, and the parameters of the first of each type.
    package static func names(
        of points: [ResultPoint], parameters: (ResultPoint) -> TextMap<JSON> = { $0.parameters }
    ) -> TextSet {
        JobFilter.names(of: points.map { ($0.task, $0.tags) }) { parameters(points[$0]) }
    }

    /// The tags with more than one value, all of them where none has; but those that are used already.
    private static func varying(_ points: [ResultPoint], without used: [String]) -> [String] {
        var names: [String] = []
        var values: TextMap<TextSet> = [:]
        for point in points {
            for tag in point.tags {
                if values[tag.name] == nil { names.append(tag.name) }
                values[tag.name, default: []].insert(tag.value.key)
            }
        }
        names = names.filter { !used.contains($0) }
        let varying = names.filter { name in
            (values[name]?.count ?? 0) > 1 || points.contains { !$0.tags.contains { $0.name == name } }
        }
        return varying.isEmpty ? names : varying
    }

    // MARK: Order

    /// Numbers by their value, texts by the numbers in them too, what is missing last.
    private static func isBefore(_ left: [JSON?], _ right: [JSON?]) -> Bool {
        for (a, b) in zip(left, right) {
            switch (a, b) {
            case (nil, nil): continue
            case (nil, _): return false
            case (_, nil): return true
            case (let a?, let b?):
                if let order = JSON.order(a, b) {
                    if order == 0 { continue }
                    return order < 0
                }
                let order = (a.number == nil ? 1 : 0, b.number == nil ? 1 : 0)
                if order.0 != order.1 { return order.0 < order.1 }
                let (left, right) = (a.string ?? a.text, b.string ?? b.text)
                if left == right { continue }
                return ByteOrder.naturallyLess(left, right)
            }
        }
        return false
    }

    /// Sorts what has such keys as rows are sorted.
    package static func sorted<Element>(_ elements: [Element], by keys: (Element) -> [JSON?]) -> [Element] {
        elements.sorted { isBefore(keys($0), keys($1)) }
    }

    /// Sorts the rows by a parameter, or by a metric in the first column.
    ///
    /// - Parameter value: what of a cell counts.
    package mutating func sort(
        by name: String, descending: Bool, _ value: (Summary) -> Double
    ) throws(Problem) {
        if let place = rowNames.firstIndex(of: name) {
            rows.sort { Self.isBefore([$0.keys[place]], [$1.keys[place]]) }
            if descending { rows.reverse() }
            return
        }
        guard let metric = metrics.firstIndex(of: name) else {
            let hint = Suggestion.hint(for: name, among: rowNames + metrics)
            throw Problem(text: "the table has no '\(name)' to sort by\(hint)")
        }
        // What is missing, or is no number, comes last in any order.
        func rank(_ row: Row) -> (isLast: Int, number: Double) {
            let number = row.cells.first?[metric].summary.map(value) ?? .nan
            return number.isNaN ? (1, 0) : (0, descending ? -number : number)
        }
        let ranked = rows.enumerated().map { (rank: rank($0.element), place: $0.offset, row: $0.element) }
        rows = ranked.sorted { $0.rank == $1.rank ? $0.place < $1.place : $0.rank < $1.rank }.map(\.row)
    }

    /// Leaves the first rows.
    package mutating func cut(to count: Int) { rows = Array(rows.prefix(count)) }
}
