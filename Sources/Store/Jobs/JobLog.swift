package import System
package import Text

/// What a job tells while it runs: `events.jsonl` in its folder, `$XPM_EVENTS`, a JSON object a line.
///
///     {"step": 10, "loss": 0.31, "accuracy": 0.9}    numbers over time
///     {"result": {"accuracy": 0.97}}                 results, laid over those before
///     {"progress": 0.5, "text": "epoch 5"}           how far it is
package enum JobLog {
    /// Names that say when, or how far, not what.
    private static let times: TextSet = ["step", "timestamp", "time", "progress"]

    /// The numbers that a job has told of one thing.
    package struct Series: Sendable {
        package let name: String
        package var points: [(step: Double, value: Double)]
    }

    /// The line of some values.
    package static func line(_ values: [JSON.Member]) -> JSON {
        .object(values + [.init("timestamp", .float(Timestamp.now.seconds))])
    }

    /// What was told over time, in the order in which it came first. A line without a step has the number of
    /// those before it.
    ///
    /// - Parameter wanted: the names whose numbers are wanted; of others there are none. Nil for all.
    package static func series(of folder: JobFolder, only wanted: [String]? = nil) -> [Series] {
        var series = SeriesReader(wanted: wanted)
        lines(of: folder.programEvents) { line in
            series.read(line)
            return true
        }
        return series.found
    }

    /// The first name that a job has told numbers of; nil where it has told none.
    package static func firstName(of folder: JobFolder) -> String? {
        var series = SeriesReader(wanted: [])
        lines(of: folder.programEvents) { line in
            series.read(line)
            return series.found.isEmpty
        }
        return series.found.first?.name
    }

    /// Takes numbers from lines, without building what is not asked for.
    private struct SeriesReader {
        private(set) var found: [Series] = []
        /// The names as lines have them between quotes, and whether their numbers are wanted.
        private var names: [(bytes: [UInt8], isWanted: Bool)] = []
        private let wanted: TextSet?
        /// The numbers of a line, until all of it is read.
        private var line: [(place: Int, value: Double)] = []

        init(wanted: [String]?) { self.wanted = wanted.map { TextSet($0) } }

        mutating func read(_ bytes: ArraySlice<UInt8>) {
            var fields = JSONFields(bytes)
            var step: Double?
            var hasStep = false
            line.removeAll(keepingCapacity: true)
            var fresh: [(name: ArraySlice<UInt8>, value: Double)] = []
            while let (name, value) = fields.next() {
                if JSONFields.isName(name, "step") {
                    if !hasStep { (step, hasStep) = (JSONFields.number(value), true) }
                } else if let place = names.firstIndex(where: { $0.bytes.elementsEqual(name) }) {
                    guard names[place].isWanted, let number = JSONFields.measured(value) else { continue }
                    line.append((place, number))
                } else if !times.contains(JSONFields.text(ofName: name)),
                    let number = JSONFields.measured(value)
                {
                    fresh.append((name, number))
                }
            }
            // A line that is not whole says nothing.
            guard fields.isWhole else { return }
            for (place, value) in line { add(value, step, place) }
            for (name, value) in fresh {
                let text = JSONFields.text(ofName: name)
                let isWanted = wanted?.contains(text) ?? true
                let place = found.firstIndex { $0.name == text } ?? found.count
                if place == found.count {
                    found.append(Series(name: text, points: []))
                    names.append((Array(name), isWanted))
                }
                if isWanted { add(value, step, place) }
            }
        }

        private mutating func add(_ value: Double, _ step: Double?, _ place: Int) {
            found[place].points.append((step ?? Double(found[place].points.count), value))
        }
    }

    private static func each(_ folder: JobFolder, _ body: ([JSON.Member]) -> Void) {
        lines(of: folder.programEvents) { line in
            if case .object(let members)? = try? JSON.parse(Array(line)) { body(members) }
            return true
        }
    }

    /// The lines of a file, a piece of it at a time.
    ///
    /// - Parameter body: whether more is wanted.
    private static func lines(of path: String, _ body: (ArraySlice<UInt8>) -> Bool) {
        var offset = 0
        var rest: [UInt8] = []
        while true {
            let piece = (try? Files.read(path, from: offset, most: 1 << 20)) ?? []
            offset += piece.count
            rest += piece
            let end =
                piece.isEmpty ? rest.endIndex : rest.lastIndex(of: UInt8(ascii: "\n")) ?? rest.startIndex
            for line in rest[..<end].lines where !body(line) { return }
            rest.removeSubrange(..<end)
            if piece.isEmpty { return }
            // A line without an end is not kept for ever.
            if rest.count > 1 << 24 { rest = [] }
        }
    }

    // MARK: At the end of a job

    /// Adds to a job's results what it has told otherwise: the last numbers of its log, what patterns find in
    /// its output, and the results in its log. What it wrote to `results.json` itself comes before all of
    /// these, unless an earlier attempt wrote it. A file that is no JSON object is kept as
    /// `results.json.invalid`.
    ///
    /// - Parameters:
    ///   - earlier: what `JobResult.stamp` gave when the attempt began.
    ///   - isInterrupted: asked now and then.
    ///   - warn: told of what was not understood.
    /// - Returns: false where it was interrupted: then nothing is written.
    package static func collect(
        in folder: JobFolder, _ patterns: [Pattern], earlier: FileStamp?, isInterrupted: () -> Bool,
        warn: (String) -> Void
    ) throws(SystemError) -> Bool {
        var found: [JSON.Member] = []
        func lay(_ member: JSON.Member) {
            guard case .object(let merged) = JobResult.lay(.object([member]), over: .object(found)) else {
                return
            }
            found = merged
        }
        let hasTold = Files.exists(folder.programEvents)
        if hasTold {
            for one in series(of: folder) {
                if let last = one.points.last { lay(.init(one.name, .float(last.value))) }
            }
        }
        var unfound: [Pattern] = []
        if !patterns.isEmpty {
            var search = OutputSearch(patterns)
            // What it wrote to standard error counts as the later.
            for path in [folder.error, folder.output] {
                guard try search.search(path, isInterrupted: isInterrupted, warn: warn) else { return false }
            }
            for (name, text) in search.found { lay(.init(name, value(of: text))) }
            unfound = search.unfound
        }
        if hasTold {
            each(folder) { members in
                for case .object(let results) in members.filter({ $0.name == "result" }).map(\.value) {
                    results.forEach(lay)
                }
            }
        }
        let path = "\(folder.path)/\(JobResult.name)"
        let own = JobResult.read(folder)
        for pattern in unfound
        where own?[pattern.name] == nil && !found.contains(where: { $0.name == pattern.name }) {
            warn("no line of its output fits \"\(pattern.text)\": there is no result '\(pattern.name)'")
        }
        if found.isEmpty { return true }
        if case .object(let own)? = own {
            let told = found
            own.forEach(lay)
            if earlier != nil, earlier == JobResult.stamp(folder) { told.forEach(lay) }
        } else if Files.exists(path) {
            try Files.rename(path, to: "\(path).invalid")
            warn("\(JobResult.name) is no JSON object: it is kept as \(JobResult.name).invalid")
        }
        try Files.replace(path, with: JSON.object(found).prettyBytes)
        return true
    }

    /// What a pattern has found: a number where it is one, also at the end of a sentence.
    private static func value(of text: String) -> JSON {
        if let int = Int64(text) { return .int(int) }
        if let float = Double(text) { return .float(float) }
        guard let last = text.last, ".,;:".contains(last) else { return .string(text) }
        let rest = String(text.dropLast())
        return Int64(rest).map(JSON.int) ?? Double(rest).map(JSON.float) ?? .string(text)
    }
}
