package import Text

/// How results become what a sampler sees.
package struct SearchHistory: Sendable {
    /// What becomes of the loss of a trial that failed.
    package enum Failed: Sendable, Equatable {
        /// It is worse than any other.
        case worst
        /// It is left out of what is known.
        case left
        /// It has this value.
        case value(Double)
    }

    package enum Outcome: Sendable, Equatable {
        case value(Double)
        case failed
    }

    package var isMaximized = false
    package var failed = Failed.worst
    /// Points that are known from earlier jobs, and their values.
    package var prior: [(point: SearchPoint, value: Double)] = []

    package init() {}

    /// Whether a value is better than another.
    package func isBetter(_ value: Double, than other: Double) -> Bool {
        isMaximized ? value > other : value < other
    }

    /// Smaller is better; nil for what is left out.
    private func loss(_ outcome: Outcome) -> Double? {
        switch (outcome, failed) {
        case (.value(let value), _): isMaximized ? -value : value
        // By rank it is the last.
        case (.failed, .worst): .infinity
        case (.failed, .left): nil
        case (.failed, .value(let value)): isMaximized ? -value : value
        }
    }

    /// A trial before a proposal.
    package struct Trial: Sendable {
        package let point: SearchPoint
        package let outcome: Outcome?
        /// Of halving: how far it goes, and the trial that it goes on from.
        package let rung: Int
        package let origin: Int?

        package init(_ point: SearchPoint, _ outcome: Outcome?, rung: Int = 0, origin: Int? = nil) {
            self.point = point
            self.outcome = outcome
            self.rung = rung
            self.origin = origin
        }
    }

    /// What the proposal after some trials sees: the prior, then these trials, those that are not in `seen` as open. Of halving
    /// the trials of one rung, and what is open.
    ///
    /// - Parameters:
    ///   - seen: the numbers of trials, from 1, whose outcomes were known.
    ///   - dimensions: of the space.
    package func observations(
        _ trials: [Trial], seen: Set<Int>, halving: Halving? = nil, dimensions: Int = 0
    ) -> [Observation] {
        var isMeant = [Bool](repeating: true, count: trials.count)
        if let halving {
            let entries = entries(trials, seen: seen)
            let rung = halving.modelled(entries, least: dimensions + 4)
            isMeant = entries.map { $0.rung == rung || $0.loss == nil && $0.origin == nil }
        }
        let before = prior.map { Observation($0.point, loss: isMaximized ? -$0.value : $0.value) }
        return before
            + trials.enumerated().compactMap { index, trial in
                guard isMeant[index] else { return nil }
                guard seen.contains(index + 1), let outcome = trial.outcome else {
                    return Observation(trial.point, loss: nil)
                }
                return loss(outcome).map { Observation(trial.point, loss: $0) }
            }
    }

    /// The trial that goes on next, from 1; nil for a new point.
    package func promoted(_ trials: [Trial], seen: Set<Int>, halving: Halving) -> Int? {
        halving.promoted(entries(trials, seen: seen))
    }

    private func entries(_ trials: [Trial], seen: Set<Int>) -> [Halving.Entry] {
        trials.enumerated().map { index, trial in
            Halving.Entry(
                rung: trial.rung, loss: seen.contains(index + 1) ? trial.outcome.map(rank) : nil,
                origin: trial.origin)
        }
    }

    /// The loss of an outcome as halving ranks it: what failed is the last.
    private func rank(_ outcome: Outcome) -> Double {
        if case .value(let value) = outcome { isMaximized ? -value : value } else { .infinity }
    }
}

/// The samplers by their names and options.
package enum SamplerChoice {
    package static let names = ["tpe", "gp", "random", "sobol"]

    /// - Parameter json: `{"sampler": "tpe", "startup": 10}`; `function` is one of the script's own, which only the script can
    ///   ask.
    package static func sampler(_ json: JSON) throws(SearchSpace.Problem) -> any Sampler {
        let name = json["sampler"]?.string ?? ""
        guard case .object(let members) = json else {
            throw SearchSpace.Problem(text: "a sampler has a name")
        }
        let options = name == "tpe" ? ["startup", "candidates"] : name == "gp" ? ["startup"] : []
        for member in members where member.name != "sampler" && !options.contains(member.name) {
            throw SearchSpace.Problem(
                text: "\(name) has no '\(member.name)'\(Suggestion.hint(for: member.name, among: options))")
        }
        func number(_ key: String, _ usual: Int) throws(SearchSpace.Problem) -> Int {
            guard let value = json[key] else { return usual }
            guard let whole = value.int, (1...10_000).contains(whole) else {
                throw SearchSpace.Problem(text: "\(name): \(key) is a number from 1 to 10000")
            }
            return Int(whole)
        }
        switch name {
        case "tpe":
            return TPESampler(startup: try number("startup", 10), candidates: try number("candidates", 24))
        case "gp": return GPSampler(startup: try number("startup", 8))
        case "sobol": return SobolSampler()
        case "random", "function": return RandomSampler()
        default:
            throw SearchSpace.Problem(
                text:
                    "there is no sampler '\(TerminalText.line(name))'\(Suggestion.hint(for: name, among: names)): xpm.tpe {}, xpm.gp {}, \"random\", \"sobol\", or a function"
            )
        }
    }
}

extension SearchSpace {
    /// The space as a log has it.
    package init(json: JSON) throws(Problem) {
        guard case .object(let members) = json else { throw Problem(text: "the log has no space") }
        var dimensions: [Dimension] = []
        for member in members {
            var conditions: [Condition] = []
            if case .object(let given)? = member.value["given"] {
                for one in given {
                    guard case .array(let values) = one.value else { continue }
                    conditions.append(Condition(way: one.name, values: values))
                }
            }
            func bounds(_ name: String) -> (JSON, JSON)? {
                if case .array(let ends)? = member.value[name], ends.count == 2 {
                    (ends[0], ends[1])
                } else {
                    nil
                }
            }
            let kind: Kind
            if let (low, high) = bounds("uniform") {
                kind = .float(low: low.number ?? 0, high: high.number ?? 0, isLog: false)
            } else if let (low, high) = bounds("loguniform") {
                kind = .float(low: low.number ?? 0, high: high.number ?? 0, isLog: true)
            } else if let (low, high) = bounds("integers") {
                kind = .int(low: low.int ?? 0, high: high.int ?? -1)
            } else if case .array(let values)? = member.value["choice"] {
                kind = .choice(values)
            } else {
                throw Problem(
                    text: "'\(TerminalText.line(member.name))' is of no kind that this version knows")
            }
            dimensions.append(Dimension(way: member.name, kind: kind, conditions: conditions))
        }
        try self.init(dimensions)
    }

    /// A point as JSON has it; 1 is 1.0 where that is meant.
    package func point(_ json: JSON) -> SearchPoint? {
        guard case .object = json else { return nil }
        var values: [(way: String, value: JSON)] = []
        func add(_ json: JSON, _ way: String) {
            // Nested tables, as a script may have them.
            if case .object(let members) = json {
                for member in members {
                    add(member.value, way.isEmpty ? member.name : "\(way).\(member.name)")
                }
            } else {
                values.append((way, plain(json, of: way)))
            }
        }
        add(json, "")
        return SearchPoint(values)
    }

    /// A value as the parameter of a way has it.
    package func plain(_ value: JSON, of way: String) -> JSON {
        guard let dimension = dimensions.first(where: { $0.way == way }) else { return value }
        switch (dimension.kind, value) {
        case (.float, .int(let number)): return .float(Double(number))
        case (.int, .float(let number)): return Int64(exactly: number).map { .int($0) } ?? value
        case (.choice(let values), _): return values.first { Self.areSame($0, value) } ?? value
        default: return value
        }
    }
}
