import Search
import Store
import System
import Text

/// A search as its log tells it.
struct SearchReport {
    struct Trial {
        let number: Int
        let values: JSON
        let result: SearchLog.Result?
        let jobs: [String]
        let rung: Int
        let origin: Int?

        var json: JSON {
            var value = JSON.null
            var failed = JSON.null
            switch result {
            case .value(let number)?: value = .float(number)
            case .failed(let reason)?: failed = .string(reason)
            case nil: break
            }
            return [
                "trial": .int(Int64(number)), "values": values, "value": value, "failed": failed,
                "jobs": .array(jobs.map { .string($0) }),
            ]
        }
    }

    struct Difference {
        let trial: Int
        let logged: JSON
        let computed: JSON

        var json: JSON { ["trial": .int(Int64(trial)), "logged": logged, "computed": computed] }
    }

    let name: String
    let id: String
    private let log: SearchLog
    let trials: [Trial]
    private let halving: Halving?

    private init(_ log: SearchLog, name: String, id: String) {
        self.log = log
        self.name = name
        self.id = id
        let halving = log.header["halving"].flatMap(Halving.init(json:))
        self.halving = halving
        var trials: [Trial] = []
        for proposal in log.proposals {
            let origin = proposal.origin.flatMap { trials.indices.contains($0 - 1) ? $0 : nil }
            let rung = origin.map { trials[$0 - 1].rung + 1 } ?? 0
            var values = proposal.values
            if let halving, case .object(let members) = values, rung < halving.rungs.count {
                values = .object(members + [.init(halving.way, .int(halving.rungs[rung]))])
            }
            trials.append(
                Trial(
                    number: proposal.trial, values: values, result: log.results[proposal.trial],
                    jobs: log.jobs[proposal.trial] ?? [], rung: rung, origin: origin))
        }
        self.trials = trials
    }

    /// The searches of a workspace, or those of a name, `NAME` or `NAME/ID`.
    ///
    /// - Parameter told: told of logs that cannot be read, where all are asked for.
    static func all(
        in workspace: Workspace, named wanted: String?, told: ((String) -> Void)? = nil
    ) throws(Failure) -> [SearchReport] {
        let root = "\(workspace.path)/searches"
        let names = (try? Files.list(root)) ?? []
        var found: [SearchReport] = []
        let (only, id) =
            wanted.map { $0.cut(at: "/").map { (String($0.before), String($0.after)) } ?? ($0, nil) } ?? (
                nil, nil
            )
        for name in names where only == nil || name == only {
            for file in (try? Files.list("\(root)/\(name)")) ?? [] where file.hasSuffix(".jsonl") {
                let own = Paths.stem(file)
                if let id, !own.hasPrefix(id) { continue }
                do throws(SearchLog.Problem) {
                    found.append(SearchReport(try SearchLog("\(root)/\(name)/\(file)"), name: name, id: own))
                } catch {
                    guard let told else { throw Failure(error) }
                    told(error.text)
                }
            }
        }
        if let wanted, found.isEmpty {
            throw .message(
                "no search '\(TerminalText.line(wanted))' in \(Paths.shown(workspace.path))\(Suggestion.hint(for: only ?? "", among: names))"
            )
        }
        return found
    }

    var metric: String { log.header["metric"]?.string ?? "" }

    private var history: SearchHistory {
        var history = SearchHistory()
        history.isMaximized = log.header["goal"]?.string == "max"
        switch log.header["failed"] {
        case .string("left")?: history.failed = .left
        case let value?: if let number = value.number { history.failed = .value(number) }
        case nil: break
        }
        return history
    }

    var best: (trial: Int, value: Double)? {
        var best: (trial: Int, value: Double)?
        // Of halving, those that have come farthest.
        let rung = trials.filter { if case .value? = $0.result { true } else { false } }.map(\.rung).max()
        for trial in trials where trial.rung == rung {
            guard case .value(let value)? = trial.result else { continue }
            if best.map({ history.isBetter(value, than: $0.value) }) ?? true { best = (trial.number, value) }
        }
        return best
    }

    private var failures: Int { trials.count { if case .failed? = $0.result { true } else { false } } }

    var row: [String] {
        [
            name, String(id.prefix(bytes: 8)), String(trials.count), String(failures), metric,
            best.map { NumberText.lua($0.value) } ?? "", best.map { String($0.trial) } ?? "",
        ]
    }

    var json: JSON {
        [
            "name": .string(name), "id": .string(id), "trials": .int(Int64(trials.count)),
            "failed": .int(Int64(failures)), "metric": .string(metric), "goal": log.header["goal"] ?? .null,
            "best": best.map { .float($0.value) } ?? .null,
            "best_trial": best.map { .int(Int64($0.trial)) } ?? .null,
            "path": .string(log.path),
        ]
    }

    /// What it has found, for a picture; nil without a result.
    var picture: SearchPicture? {
        var course = SearchPicture.Course(id: id)
        var used = 0.0
        for trial in trials {
            if let halving, trial.rung < halving.rungs.count {
                let before = trial.origin == nil ? 0 : halving.rungs[trial.rung - 1]
                used += Double(halving.rungs[trial.rung] - before)
            } else {
                used += 1
            }
            if case .value(let value)? = trial.result { course.steps.append((used, value)) }
        }
        if course.steps.isEmpty { return nil }
        return SearchPicture(
            name: name, metric: metric, unit: halving?.way ?? "trials", isMaximized: history.isMaximized,
            courses: [course])
    }

    /// The trials as a table, the best one marked.
    var text: String {
        var ways: TextSet = []
        for trial in trials {
            if case .object(let members) = trial.values { for member in members { ways.insert(member.name) } }
        }
        let names = ways.ordered
        let rows = trials.map { trial -> [String] in
            let result: String =
                switch trial.result {
                case .value(let value)?: NumberText.lua(value)
                case .failed(let reason)?: TerminalText.line("failed: \(reason)", most: 60)
                case nil: "open"
                }
            let values = names.map { way in trial.values[way].map { $0.string ?? $0.text } ?? "" }
            return [trial.number == best?.trial ? "*" : "", String(trial.number)]
                + values.map { TerminalText.line($0) } + [
                    result
                ]
        }
        let table = TextTable(titles: ["", "trial"] + names + [metric], leading: 0, rows: rows) { $0 > 0 }
        return "\(name)/\(id)\n" + table.text(.text)
    }

    private static func outcome(_ result: SearchLog.Result) -> SearchHistory.Outcome {
        if case .value(let value) = result { .value(value) } else { .failed }
    }

    /// The proposals that do not follow from what they had seen.
    func differences() throws(Failure) -> [Difference] {
        guard log.header["sampler"]?["sampler"]?.string != "function" else {
            throw .message(
                "\(name): its sampler is a function of the script: only the script can compute it anew")
        }
        do throws(SearchSpace.Problem) {
            let space = try SearchSpace(json: log.header["space"] ?? .null)
            let sampler = try SamplerChoice.sampler(log.header["sampler"] ?? .null)
            var history = history
            if case .array(let known)? = log.header["prior"] {
                history.prior = known.compactMap { one in
                    guard let point = one["values"].flatMap(space.point), let value = one["value"]?.number
                    else { return nil }
                    return (point, value)
                }
            }
            var first: [SearchPoint] = []
            if case .array(let points)? = log.header["first"] { first = points.compactMap(space.point) }
            let search = Search(
                space: space, sampler: sampler, seed: UInt64(bitPattern: log.header["seed"]?.int ?? 0),
                first: first)
            var done: [SearchHistory.Trial] = []
            var applied = 0
            var taken = TextSet(history.prior.map(\.point.key))
            var found: [Difference] = []
            for (proposal, trial) in zip(log.proposals, trials) {
                let seen = Set(proposal.seen)
                for (number, result) in log.allResults[applied..<proposal.resultsBefore]
                where number <= done.count {
                    let before = done[number - 1]
                    done[number - 1] = SearchHistory.Trial(
                        before.point, Self.outcome(result), rung: before.rung, origin: before.origin)
                }
                applied = proposal.resultsBefore
                let logged = space.point(proposal.values) ?? SearchPoint()
                let origin = halving.flatMap { history.promoted(done, seen: seen, halving: $0) }
                let computed: SearchPoint?
                if let origin {
                    computed = done[origin - 1].point
                } else {
                    let known = history.observations(
                        done, seen: seen, halving: halving, dimensions: space.dimensions.count)
                    computed = search.propose(trial: proposal.trial, seen: known, taken: taken)
                }
                if computed != logged || origin != proposal.origin {
                    found.append(
                        Difference(
                            trial: proposal.trial, logged: proposal.values, computed: computed?.json ?? .null)
                    )
                }
                done.append(SearchHistory.Trial(logged, nil, rung: trial.rung, origin: trial.origin))
                taken.insert(logged.key)
            }
            return found
        } catch { throw Failure(error) }
    }
}
