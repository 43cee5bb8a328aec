package import Store
package import Text

/// A job as a table of results sees it: what it was run with, and what came out.
package struct ResultPoint: Sendable {
    package let task: String
    package let identifier: String
    package let folder: JobFolder
    package let state: JobRecord.State
    /// Its tags.
    package let tags: [(name: String, value: JSON)]
    /// Its numbers, nested ones as `test.accuracy`.
    package let metrics: [(name: String, value: Double)]
    /// Those that are whole numbers beyond what a float holds exactly.
    private(set) var wholes: TextMap<Int64> = [:]
    /// Those that were written as texts.
    let textMetrics: [String]

    package init(_ record: JobRecord) {
        task = record.task
        identifier = record.identifier
        folder = record.folder
        state = record.state
        tags = record.tags
        // What a job that failed, or that goes on, has told counts too where it stands alone; a table shows
        // finished ones.
        var texts: [String] = []
        var wholes: TextMap<Int64> = [:]
        metrics = record.state == .done ? Self.metrics(of: record.folder, &texts, &wholes) : []
        textMetrics = texts
        self.wholes = wholes
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
        textMetrics = []
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
        self.tags = tags
    }

    package func metric(_ name: String) -> Double? { metrics.last { $0.name == name }?.value }

    /// The value of a tag, or of a parameter, `model.hidden`.
    package func value(_ name: String, parameters: (ResultPoint) -> TextMap<JSON>) -> JSON? {
        if let tag = tags.last(where: { $0.name == name }) { return tag.value }
        return parameters(self)[name]
    }

    /// The parameters. Reads `params.json`.
    package var parameters: TextMap<JSON> { RecordedTask.parameters(of: folder) }

    private static func metrics(
        of folder: JobFolder, _ texts: inout [String], _ wholes: inout TextMap<Int64>
    ) -> [(name: String, value: Double)] {
        var found: [(name: String, value: Double)] = []
        if let result = JobResult.read(folder) { add(result, "", to: &found, &texts, &wholes) }
        return found
    }

    private static func add(
        _ json: JSON, _ name: String, to found: inout [(name: String, value: Double)],
        _ texts: inout [String],
        _ wholes: inout TextMap<Int64>
    ) {
        switch json {
        case .string("NaN"): found.append((name, .nan))
        case .string(let text):
            guard let number = Double(String(text.trimmed)), !text.hasPrefix("0x") else { break }
            found.append((name, number))
            texts.append(name)
        case .int(let whole):
            found.append((name, Double(whole)))
            wholes[name] = whole.magnitude > 1 << 53 ? whole : nil
        case .float(let number): found.append((name, number))
        case .bool(let value): found.append((name, value ? 1 : 0))
        case .object(let members):
            for member in members {
                add(
                    member.value, name.isEmpty ? member.name : "\(name).\(member.name)", to: &found, &texts,
                    &wholes)
            }
        default: break
        }
    }
}
