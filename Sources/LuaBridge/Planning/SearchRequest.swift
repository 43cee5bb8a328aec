import Model
import Search
import Settings
import Text

/// What is asked of a search, as `xpm.search`, a YAML file or options say it.
extension SearchRun.Request {
    /// Reads the table of `xpm.search`, or what stands for it.
    init(_ spec: JSON) throws {
        func fail(_ problem: String) -> ScriptError { ScriptError("xpm.search: \(problem)") }
        func whole(_ key: String, from least: Int64) throws -> Int? {
            guard let given = spec[key], given != .null else { return nil }
            let number = given.int ?? given.number.flatMap { Int64(exactly: $0) } ?? .min
            guard number >= least, number < 1 << 32 else { throw fail("\(key) is a number from \(least)") }
            return Int(number)
        }
        self.init()
        guard let name = spec["name"]?.string else { throw fail("name is missing: its log has it") }
        do throws(SettingError) { try ExperimentSettings.check(id: name, at: .none) } catch {
            throw fail("name: \"\(TerminalText.line(name))\" cannot name a folder")
        }
        self.name = name
        switch (spec["minimize"]?.string, spec["maximize"]?.string) {
        case (let metric?, nil): self.metric = metric
        case (nil, let metric?):
            self.metric = metric
            history.isMaximized = true
        case (nil, nil): throw fail("what makes a trial good? minimize = \"loss\", or maximize")
        default: throw fail("minimize and maximize exclude each other")
        }
        trials = try whole("trials", from: 1)
        parallel = try whole("parallel", from: 1) ?? 1
        patience = try whole("patience", from: 1)
        if let given = spec["time"], given != .null {
            let seconds = given.number ?? 0
            guard seconds > 0 else { throw fail("time is seconds, more than 0") }
            self.seconds = seconds
        }
        try readHalving(spec)
        if trials == nil, patience == nil, seconds == nil, budget == nil {
            throw fail("when does it end? trials = 60, patience = 20, or time = 3600")
        }
        if let given = spec["order"], given != .null {
            let order = given.string ?? ""
            guard ["fixed", "arrival"].contains(order) else {
                throw fail("order is \"fixed\" or \"arrival\"")
            }
            isFixed = order == "fixed"
        }
        switch spec["failed"] {
        case nil, .null?, .string("worst")?: break
        case .string("left")?: history.failed = .left
        case .int, .float:
            guard let number = spec["failed"]?.number, number.isFinite else {
                throw fail("failed is a finite number")
            }
            history.failed = .value(number)
        default: throw fail("failed is \"worst\", \"left\" (out of what is known), or a number")
        }
        if let sampler = spec["sampler"], sampler != .null { self.sampler = sampler }
    }

    private mutating func readHalving(_ spec: JSON) throws {
        func fail(_ problem: String) -> ScriptError { ScriptError("xpm.search: \(problem)") }
        if case .object(let members)? = spec["halving"] {
            let ways = members.filter { $0.name != "eta" }
            guard ways.count == 1, case .array(let ends) = ways[0].value, ends.count == 2,
                let low = ends[0].int,
                let high = ends[1].int
            else {
                throw fail("halving needs a name and its bounds: halving = { epochs = { 1, 27 }, eta = 3 }")
            }
            let eta = spec["halving"]?["eta"]?.int ?? 3
            do throws(SearchSpace.Problem) {
                halving = try Halving(way: ways[0].name, from: low, to: high, eta: Int(clamping: eta))
            } catch { throw fail(error.text) }
        }
        if let budget = spec["budget"], budget != .null {
            guard let halving = halving, let most = budget[halving.way]?.int, most >= 1 else {
                throw fail("budget is of what is halved: budget = { epochs = 1620 }")
            }
            self.budget = most
        }
    }

    /// The dimensions, as Lua has flattened them.
    static func space(_ json: JSON) throws(SearchSpace.Problem) -> SearchSpace {
        guard case .array(let all) = json else { return try SearchSpace([]) }
        var dimensions: [SearchSpace.Dimension] = []
        for one in all {
            let way = one["way"]?.string ?? ""
            var conditions: [SearchSpace.Condition] = []
            if case .object(let members)? = one["given"] {
                for member in members.sorted(by: { ByteOrder.less($0.name, $1.name) }) {
                    guard case .array(let values) = member.value else {
                        throw SearchSpace.Problem(
                            text: "'\(way)': a condition is a value of another parameter, or a list of them")
                    }
                    conditions.append(.init(way: member.name, values: values))
                }
            }
            let (low, high) = (one["low"] ?? .null, one["high"] ?? .null)
            let kind: SearchSpace.Kind
            switch one["kind"]?.string {
            case "uniform", "loguniform":
                kind = .float(
                    low: low.number ?? 0, high: high.number ?? 0, isLog: one["kind"]?.string == "loguniform")
            case "integers": kind = .int(low: low.int ?? 0, high: high.int ?? 0)
            default:
                if case .array(let values)? = one["values"] {
                    kind = .choice(values)
                } else {
                    kind = .choice([])
                }
            }
            dimensions.append(.init(way: way, kind: kind, conditions: conditions))
        }
        return try SearchSpace(dimensions)
    }
}
