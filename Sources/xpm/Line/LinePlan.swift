import LuaBridge
import Model
import Settings
import Store
import System
import Text

/// What a line asks for, checked: its command, its names and their types.
struct LinePlan {
    private(set) var parts: LineScript.Parts
    private(set) var types: LineTypes
    let workspace: Workspace

    /// - Parameters:
    ///   - words: `name=values`.
    ///   - groups: those of names that go together.
    ///   - path: where programs are looked for.
    init(
        _ command: LineCommand, _ words: [String], groups: [[String]], id: String?, place: WorkspaceOptions,
        outputs: [String], along path: String?
    ) throws(Failure) {
        do throws(LineProblem) {
            var all: [LineValues] = []
            for word in words { all.append(try LineValues(word)) }
            var names: [[String]] = []
            for group in groups {
                var own: [LineValues] = []
                for word in group { own.append(try LineValues(word)) }
                try Self.checkGroup(own)
                names.append(own.map(\.name))
                all += own
            }
            let files = try outputs.map { word throws(LineProblem) in try Self.output(word) }
            try Self.check(all, files, command)
            try Self.checkProgram(command, along: path)
            let name = id ?? command.programName
            parts = LineScript.Parts(id: name, command: command)
            parts.groups = names
            parts.outputs = files
            values = all
        } catch { throw Failure(error) }
        do throws(SettingError) { try ExperimentSettings.check(id: parts.id, at: .none) } catch {
            throw .message("--\(error.problem)")
        }
        do { _ = try ConfigType(id: parts.id, kind: .task, parameters: []) } catch {
            throw .message("--id: \(error.shown)")
        }
        workspace = try ExperimentFiles.workspace(ofRun: parts.id, place)
        types = try LineTypes(of: parts.id, in: workspace)
        do throws(LineProblem) {
            for one in values { parts.names.append((one, try types.decide(one))) }
        } catch { throw Failure(error) }
    }

    private let values: [LineValues]

    /// Changes what does not depend on the line's words.
    mutating func adapt(_ body: (inout LineScript.Parts) -> Void) { body(&parts) }

    /// The name that has lines of standard input.
    var input: (name: String, kind: LineKind)? {
        parts.names.first { $0.values.source == .input }.map { ($0.values.name, $0.kind) }
    }

    var isRandom: Bool {
        parts.names.contains { if case .draw = $0.values.source { true } else { false } }
    }

    /// Whether it is a single job, as far as that can be told.
    var isSingle: Bool {
        parts.names.allSatisfy {
            if case .values(let all) = $0.values.source { all.count == 1 } else { false }
        }
    }

    // MARK: What can be wrong with the words

    private static func checkGroup(_ group: [LineValues]) throws(LineProblem) {
        var first: (name: String, count: Int)?
        for one in group {
            guard case .values(let values) = one.source else {
                throw LineProblem(
                    "--zip: \(one.name) has no list of values, which go with others one by one", in: one.word,
                    at: 0..<one.word.utf8.count)
            }
            if let first, first.count != values.count {
                throw LineProblem(
                    "--zip: \(first.name) has \(first.count) values and \(one.name) \(values.count)",
                    in: one.word, at: 0..<one.word.utf8.count)
            }
            first = first ?? (one.name, values.count)
        }
    }

    private static func check(
        _ values: [LineValues], _ outputs: [(name: String, path: String)], _ command: LineCommand
    ) throws(LineProblem) {
        let given = TextSet(values.map(\.name) + outputs.map(\.name))
        for placeholder in command.placeholders
        where !given.contains(placeholder.name) && !CommandTemplate.builtIn.contains(placeholder.name) {
            let hint = Suggestion.nearest(to: placeholder.name, among: given.ordered).map {
                " (did you mean '{\($0)}'?)"
            }
            throw LineProblem(
                "{\(placeholder.name)} has no values\(hint ?? ": give it some, as \(placeholder.name)=1,2; a brace is written '{{'")",
                in: command.shown, at: placeholder.place)
        }
        var seen: TextMap<String> = [:]
        for (name, word) in values.map({ ($0.name, $0.word) })
            + outputs.map({ ($0.name, "--out \($0.name)=\($0.path)") })
        {
            let place = 0..<word.utf8.count
            if let before = seen[name] {
                throw LineProblem(
                    "'\(name)' has values twice: \(TerminalText.line(before)) and", in: word, at: place)
            }
            seen[name] = word
            if ConfigType.reservedNames.contains(name) || Self.taken.contains(name) {
                throw LineProblem(
                    "'\(name)' is a name of xpm itself: call it otherwise, in the command too", in: word,
                    at: 0..<name.utf8.count)
            }
            let isOutput = outputs.contains { $0.name == name }
            if command.place(of: name) == nil, !command.takesAll || isOutput {
                let known = command.placeholders.map(\.name)
                let hint = Suggestion.nearest(to: name, among: known).map { " (did you mean '\($0)'?)" } ?? ""
                throw LineProblem(
                    "the command has no {\(name)}\(hint): write {\(name)}\(isOutput ? "" : ", or {args} for all values,") into it",
                    in: command.shown, at: command.shown.utf8.count..<command.shown.utf8.count)
            }
        }
        let inputs = values.filter { $0.source == .input }
        if inputs.count > 1 {
            throw LineProblem(
                "standard input gives the values of one name", in: inputs[1].word,
                at: 0..<inputs[1].word.utf8.count)
        }
    }

    /// Names with a meaning of their own in a configuration's sweep, and in a command.
    private static let taken: TextSet = ["zip", "random", "args", "srun"]

    private static func output(_ word: String) throws(LineProblem) -> (name: String, path: String) {
        guard let (name, path) = word.cut(at: "="), LineCommand.isName(name), !path.isEmpty else {
            throw LineProblem(
                "--out needs name=file, a file in the job's folder", in: word, at: 0..<max(1, word.utf8.count)
            )
        }
        if path.hasPrefix("/") || path.split(separator: "/").contains(where: { $0 == ".." }) {
            throw LineProblem(
                "--out: the file is made in the job's folder, and cannot lie elsewhere", in: word,
                at: (name.utf8.count + 1)..<word.utf8.count)
        }
        return (String(name), String(path))
    }

    /// - Throws: for a program that is not there.
    static func checkProgram(_ command: LineCommand, along path: String?) throws(LineProblem) {
        guard let (name, place) = command.program, !name.contains("{"), !name.contains("=") else { return }
        func fail(_ problem: String) -> LineProblem {
            LineProblem("command not found: '\(name)' (\(problem))", in: command.shown, at: place)
        }
        if name.contains("/") {
            let file = Paths.absolute(name)
            if Files.isExecutable(file), Files.kind(file) == .file { return }
            guard Files.kind(file) == .file else { throw fail("no such program") }
            throw fail("it is not executable; chmod +x \(ShellWords.quote(name)) makes it so")
        }
        let arguments: [String] =
            switch command.form {
            case .text(let text): ShellCommand(text).arguments(isStrict: true)
            case .words(let words): words
            }
        guard ProgramFinder().missing(in: arguments, along: path, from: Paths.current) != nil else {
            let entry = (path ?? "").split(separator: ":").first { Files.isExecutable("\($0)/\(name)") }
            guard let entry, !entry.hasPrefix("/") else { return }
            throw fail(
                "PATH has it in '\(entry)', which is another folder where a job runs: name it \(entry)/\(name)"
            )
        }
        throw fail(Files.kind(name) == .file ? "not in PATH; the file here is ./\(name)" : "not in PATH")
    }
}
