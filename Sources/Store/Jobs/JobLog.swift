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
    package static func series(of folder: JobFolder) -> [Series] {
        var series: [Series] = []
        var places: TextMap<Int> = [:]
        each(folder) { members in
            let step = members.first { $0.name == "step" }?.value.number
            for member in members where !times.contains(member.name) {
                guard let value = member.value.measured else { continue }
                let place: Int
                if let known = places[member.name] {
                    place = known
                } else {
                    place = series.count
                    places[member.name] = place
                    series.append(Series(name: member.name, points: []))
                }
                series[place].points.append((step ?? Double(series[place].points.count), value))
            }
        }
        return series
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
