import Engine
import Model
import Store
import System
import Text

/// Tasks that are Python classes: which interpreter runs them, and which modules it finds.
///
/// A job finds the modules of the experiment where they were kept, `pythonpath` first, then those along
/// `$PYTHONPATH`, then the folder of the script.
final class PythonTasks {
    /// The folders that the configuration names.
    private let own: [String]
    /// Those of the environment.
    private let inherited: [String]
    /// What settings.yaml names.
    private let interpreter: String?
    private var known: TextSet = []

    init(_ input: PlanInput) {
        own = input.pythonpath.map { Paths.absolute($0) }
        inherited = (Environment["PYTHONPATH"] ?? "").split(separator: ":").map { Paths.absolute(String($0)) }
        interpreter = input.python
    }

    /// What runs a task: what its type says, else settings.yaml, else the virtual environment that is active,
    /// else `python3` along `PATH`.
    func interpreter(named name: String?, from folder: String) -> String {
        if let name { return name.contains("/") ? Paths.absolute(name, from: folder) : name }
        if let interpreter { return interpreter }
        if let active = Environment["VIRTUAL_ENV"], Files.isExecutable("\(active)/bin/python3") {
            return "\(active)/bin/python3"
        }
        return "python3"
    }

    /// The folders that have code of the experiment: what is loaded from these is kept.
    func folders(_ root: String) -> [String] { own + [root] }

    /// Where modules are looked for, in order.
    func search(_ root: String) -> [String] { own + inherited + [root] }

    /// The file of a module that is not known yet; nil for one that is, or that is not there.
    func newFile(of module: String, _ root: String) -> String? {
        guard known.insert(module).inserted else { return nil }
        for folder in search(root) {
            if let last = ImportScan.files(of: module, in: folder).last { return last }
        }
        return nil
    }

    /// The arguments of `xpm_python.py`: the kept places of the folders.
    func arguments(_ sources: SourceTree) -> [String] {
        let root = sources.root
        let below = inherited.filter { $0 == root || $0.hasPrefix("\(root)/") }
        let first = (own + below).map(sources.place)
        let last =
            below.contains { $0 == root } || own.contains { $0 == root } ? [] : [sources.place(of: root)]
        return first + ["--"] + last
    }
}

extension PlanSession {
    /// The most files of code that are kept because others load them.
    private static let mostFiles = 5000

    /// Keeps a source file, and what it loads from the experiment's folders, by content.
    func keepCode(_ path: String) throws {
        try sources.keep(path)
        guard scannedSources[path] == nil else { return }
        scannedSources[path] = (false, [])
        guard scannedSources.count <= Self.mostFiles else {
            module.warnOnce(
                "more than \(Self.mostFiles) files load each other: the rest of them is not kept, and a change of it is not seen"
            )
            return
        }
        // A compiled program has the names of its variables in it too.
        let text = (try? Files.read(path, limit: 1 << 26)).map { String(decoding: $0, as: UTF8.self) }
        let folders = pythonTasks.folders(sources.root)
        let workspace = experiment.map { "\($0.workspace.path)/" }
        let loads = ImportScan.loaded(by: path, along: pythonTasks.search(sources.root)).filter { inner in
            folders.contains { inner.hasPrefix("\($0)/") } && workspace.map { !inner.hasPrefix($0) } ?? true
        }
        scannedSources[path] = (text?.contains(JobScript.argumentsVariable) ?? false, loads)
        for inner in loads {
            try keepCode(inner)
            try sources.linkRest(of: Paths.parent(inner))
        }
        luaFields = nil
    }

    /// Whether a kept file, or one that it loads, asks for the file of arguments.
    func asksForArguments(_ path: String) -> Bool {
        if let known = askingSources[path] { return known }
        let asks = reachesOneThatAsks(path)
        askingSources[path] = asks
        return asks
    }

    private func reachesOneThatAsks(_ path: String) -> Bool {
        var seen: TextSet = [TextKey(path)]
        var left = [path]
        while let next = left.popLast() {
            guard let file = scannedSources[next] else { continue }
            if file.asks { return true }
            for inner in file.loads where seen.insert(inner).inserted { left.append(inner) }
        }
        return false
    }

    /// What runs a task that is a Python class.
    ///
    /// - Parameter wrap: words before it.
    func pythonProgram(
        of task: ConfigObject, _ definition: TypeDefinition, _ wrap: [String], _ stack: LuaStack
    ) throws -> JobProgram {
        for name in try pythonModules(of: task) {
            guard let file = pythonTasks.newFile(of: name, sources.root) else { continue }
            try keepCode(file)
            try sources.linkRest(of: Paths.parent(file))
            for folder in pythonTasks.folders(sources.root) { try sources.linkRest(of: folder) }
        }
        var name: String?
        if module.pushField("interpreter", of: task.type, stack) {
            name = stack.string(-1)
            stack.pop()
        }
        let interpreter = pythonTasks.interpreter(named: name, from: folder(of: definition))
        let folder = try helpers()
        if wrap.isEmpty { pythonPackages?.ask(interpreter) }
        return JobProgram(
            .command(wrap + [interpreter, "\(folder)/xpm_python.py"] + pythonTasks.arguments(sources)))
    }

    /// The modules of the classes of a task, and of all objects in it. A Python class gets Python objects:
    /// each config in a Python task needs a class of its own.
    private func pythonModules(of task: ConfigObject) throws -> [String] {
        var visited: Set<ObjectIdentifier> = []
        var modules: [String] = []
        func visit(_ object: ConfigObject, _ way: String) throws {
            guard visited.insert(ObjectIdentifier(object)).inserted else { return }
            guard let python = object.type.python else {
                throw ScriptError(
                    "\(task.type.id)\(way): \(object.type.id) has no Python class: give it python = \"module:Class\", since \(task.type.python?.path ?? "") gets it"
                )
            }
            modules.append(python.module)
            for (parameter, value) in zip(object.type.parameters, object.values) {
                try value?.forEachObject { try visit($0, "\(way).\(parameter.name)") }
            }
            for task in object.initTasks { try visit(task, "\(way).init_tasks") }
        }
        try visit(task, "")
        return modules
    }
}
