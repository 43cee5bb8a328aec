import Store
import System
import Text

/// The types that the names of an experiment have, as its first line has decided them. They stand in
/// `experiments/EXPERIMENT/line.json`, so that `lr=1` after `lr=0.5` is the float of then.
struct LineTypes {
    private(set) var kinds: TextMap<LineKind> = [:]
    private let path: String
    private var isChanged = false

    /// - Throws: where the file cannot be read, or is none of ours.
    init(of experiment: String, in workspace: Workspace) throws(Failure) {
        try self.init(at: "\(workspace.experiment(experiment))/line.json")
    }

    private init(at path: String) throws(Failure) {
        self.path = path
        guard Files.exists(path) else { return }
        let bytes = try Failure.onDisk { () throws(SystemError) in try Files.read(path, limit: 1 << 20)
        }
        guard let json = try? JSON.parse(bytes), case .object(let members) = json else {
            throw .message(
                "\(Paths.shown(path)) is damaged: remove it, and the next line decides the types anew")
        }
        for member in members {
            guard let name = member.value.string, let kind = LineKind(name: name) else {
                throw .message(
                    "\(Paths.shown(path)): '\(TerminalText.line(member.name))' has no type that this version knows"
                )
            }
            kinds[member.name] = kind
        }
    }

    /// The type of a name: as it is kept, as its word says, or as its values have it.
    mutating func decide(_ values: LineValues) throws(LineProblem) -> LineKind {
        let kind = try kind(of: values)
        if kinds[values.name] == nil {
            kinds[values.name] = kind
            isChanged = true
        }
        return kind
    }

    private func kind(of values: LineValues) throws(LineProblem) -> LineKind {
        func fail(_ problem: String) -> LineProblem {
            LineProblem(problem, in: values.word, at: 0..<values.word.utf8.count)
        }
        let kept = kinds[values.name]
        if let kept, let said = values.kind, kept != said {
            throw fail(
                "\(values.name) is \(kept.name) since its first use in this experiment, not \(said.name); another --id is another experiment"
            )
        }
        if let known = kept ?? values.kind {
            try check(values, against: known, isKept: kept != nil, fail)
            return known
        }
        switch values.source {
        case .input: return .string
        case .draw(let name, _, _): return name == "integers" ? .int : .float
        case .values(let all):
            var kind: LineKind?
            for value in all {
                guard let joined = kind.map({ $0.joined(with: value.kind) }) ?? value.kind else {
                    throw fail(
                        "\(values.name): '\(TerminalText.line(value.text))' is a list, and other values are none"
                    )
                }
                kind = joined
            }
            return kind ?? .string
        }
    }

    private func check(
        _ values: LineValues, against kind: LineKind, isKept: Bool, _ fail: (String) -> LineProblem
    ) throws(LineProblem) {
        let given: [LineValue] =
            switch values.source {
            case .values(let all): all
            case .draw(let name, let low, let high): name == "integers" ? [low, high] : []
            case .input: []
            }
        if case .draw(let name, _, _) = values.source, kind != .float, name != "integers" || kind != .int {
            throw fail("\(values.name) is \(kind.name): \(name) draws no such value")
        }
        guard let odd = given.first(where: { $0.content(as: kind) == nil }) else { return }
        throw fail(
            "\(values.name) is \(kind.name)\(isKept ? " since its first use in this experiment" : ""), which '\(TerminalText.line(odd.text))' is not"
                + (isKept ? "; another --id is another experiment (\(Paths.shown(path)) has the types)" : ""))
    }

    /// Keeps them for the next line, with those that others have kept meanwhile. Called by who has the experiment's lock.
    func keep(in workspace: Workspace) throws(Failure) {
        guard isChanged else { return }
        let known = try LineTypes(at: path).kinds
        let names = TextSet(kinds.orderedKeys + known.orderedKeys).ordered
        let members = names.map { JSON.Member($0, .string((known[$0] ?? kinds[$0])?.name ?? "")) }
        try Failure.onDisk { [path] () throws(SystemError) in
            try workspace.create()
            try Files.makeFolder(Paths.parent(path), in: workspace.path)
            try Files.replace(path, with: JSON.object(members).prettyBytes)
        }
    }
}
