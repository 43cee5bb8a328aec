package import Store
package import Text

/// A job as a table of results sees it: what it was run with, and what came out. An object: there are many, and
/// they are passed around a lot.
package final class ResultPoint: Sendable {
    package let task: String
    package let identifier: String
    package let folder: JobFolder
    package let state: JobRecord.State
    /// Its tags.
    package let tags: [(name: String, value: JSON)]
    /// Its numbers, nested ones as `test.accuracy`.
    package let metrics: [(name: String, value: Double)]
    /// Those that are whole numbers beyond what a float holds exactly.
    let wholes: TextMap<Int64>
    /// Those that were written as texts.
    let textMetrics: [String]
    /// Results that are no numbers: texts, and lists, whose elements are `probabilities.1` and so on.
    private let others: [(name: String, value: JSON)]

    /// Which of the values that a task has logged counts, where it has logged some.
    package enum Step: Sendable {
        case last, greatest, least
        case at(Double)
    }

    /// - Parameter step: of results that are logged.
    package init(_ record: JobRecord, step: Step = .last) {
        task = record.task
        identifier = record.identifier
        folder = record.folder
        state = record.state
        tags = Self.distinct(record.tags)
        // What a job that failed, or that goes on, has told counts too where it stands alone; a table shows
        // finished ones.
        var found = Found()
        if record.state == .done, let result = JobResult.read(record.folder) { found.add(result, "") }
        if case .last = step {} else { found.lay(step, of: record) }
        metrics = found.metrics
        (textMetrics, wholes, others) = (found.texts, found.wholes, found.others)
    }

    /// Without those that say the same number once more.
    private static func distinct(_ tags: [(name: String, value: JSON)]) -> [(name: String, value: JSON)] {
        var seen: TextMap<TextSet> = [:]
        return tags.filter { seen[$0.name, default: []].insert($0.value.key).inserted }
    }

    /// For tests: one that is on no disk.
    init(
        task: String, state: JobRecord.State, tags: [(String, JSON)], metrics: [(String, Double)]
    ) {
        self.task = task
        self.state = state
        identifier = ""
        folder = JobFolder(path: "/nowhere", name: "nothing")
        self.tags = tags.map { (name: $0.0, value: $0.1) }
        self.metrics = metrics.map { (name: $0.0, value: $0.1) }
        (wholes, textMetrics, others) = ([:], [], [])
    }

    /// The same once for each value of a tag that has several: a job that two sweeps share is in the tables
    /// of both.
    var variants: [ResultPoint] {
        var variants: [[(name: String, value: JSON)]] = [[]]
        var names: [String] = []
        for tag in tags where !names.contains(tag.name) { names.append(tag.name) }
        if names.count == tags.count { return [self] }
        for name in names {
            let values = tags.filter { $0.name == name }
            variants = variants.flatMap { variant in values.map { variant + [$0] } }
            if variants.count > 1000 { return [self] }
        }
        return variants.map { ResultPoint(self, tags: $0) }
    }

    private init(_ other: ResultPoint, tags: [(name: String, value: JSON)]) {
        (task, identifier, folder, state) = (other.task, other.identifier, other.folder, other.state)
        (metrics, textMetrics, wholes) = (other.metrics, other.textMetrics, other.wholes)
        others = other.others
        self.tags = tags
    }

    package func metric(_ name: String) -> Double? {
        metrics.last { $0.name == name }?.value ?? element(name)?.measured
    }

    /// A result that is a text, or an element of a list that is one.
    func text(_ name: String) -> String? {
        let value = others.last { $0.name == name }?.value ?? element(name)
        return value?.number == nil && value?.array == nil ? value.map { $0.string ?? $0.text } : nil
    }

    /// The names of results that are no numbers.
    var otherNames: [String] { others.map(\.name) }

    /// The length of a result that is a list.
    func length(_ name: String) -> Int? { others.last { $0.name == name }?.value.array?.count }

    /// `probabilities.2`: the second of a list.
    private func element(_ name: String) -> JSON? {
        guard !others.isEmpty, let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")),
            let number = Int(name[name.index(after: dot)...]), number >= 1,
            let list = others.last(where: { $0.name == name[..<dot] })?.value.array, number <= list.count
        else { return nil }
        return list[number - 1]
    }

    /// The value of a tag, or of a parameter, `model.hidden`.
    package func value(_ name: String, parameters: (ResultPoint) -> TextMap<JSON>) -> JSON? {
        if let tag = tags.last(where: { $0.name == name }) { return tag.value }
        return parameters(self)[name]
    }

    /// The parameters. Reads `params.json`.
    package var parameters: TextMap<JSON> { RecordedTask.parameters(of: folder) }
}

/// The results of one job, as its file has them.
private struct Found {
    var metrics: [(name: String, value: Double)] = []
    var texts: [String] = []
    var wholes: TextMap<Int64> = [:]
    var others: [(name: String, value: JSON)] = []

    mutating func add(_ json: JSON, _ name: String) {
        switch json {
        case .string("NaN"): metrics.append((name, .nan))
        case .string(let text):
            guard let number = Double(String(text.trimmed)), !text.hasPrefix("0x") else {
                others.append((name, json))
                break
            }
            metrics.append((name, number))
            texts.append(name)
        case .int(let whole):
            metrics.append((name, Double(whole)))
            wholes[name] = whole.magnitude > 1 << 53 ? whole : nil
        case .float(let number): metrics.append((name, number))
        case .bool(let value): metrics.append((name, value ? 1 : 0))
        case .object(let members):
            for member in members { add(member.value, name.isEmpty ? member.name : "\(name).\(member.name)") }
        case .array: others.append((name, json))
        case .null: break
        }
    }

    /// Takes the values of a step in place of what was logged last.
    mutating func lay(_ step: ResultPoint.Step, of record: JobRecord) {
        guard record.state == .done else { return }
        for series in JobLog.series(of: record.folder) {
            let values = series.points.map(\.value).filter { !$0.isNaN }
            let value: Double? =
                switch step {
                case .last: series.points.last?.value
                case .greatest: values.max()
                case .least: values.min()
                case .at(let step): series.points.last { $0.step == step }?.value
                }
            wholes[series.name] = nil
            guard let place = metrics.lastIndex(where: { $0.name == series.name }) else {
                if let value { metrics.append((series.name, value)) }
                continue
            }
            if let value { metrics[place].value = value } else { metrics.remove(at: place) }
        }
    }
}
