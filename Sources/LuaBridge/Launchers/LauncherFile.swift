import Batch
package import Engine
package import Model
import System
import Text

/// `launchers.lua` of the user: where jobs may run, and which job runs where. Belongs to one thread.
///
///     local xpm = require "xpm"
///     local here  = xpm.launchers.direct {}
///     local slurm = xpm.launchers.slurm { partitions = { { name = "gpu", gpus = { "80G" }, duration = "4d" } } }
///     function find_launcher(requirement, tags)
///       return requirement.duration and slurm or here
///     end
package final class LauncherFile: Launchers {
    package private(set) var all: [LauncherDefinition] = []
    package let path: String
    private let lua = LuaState()
    private let module: XpmModule
    /// `find_launcher`, and where it stands.
    private var finder: (function: LuaReference, place: String)?

    /// Reads the file.
    ///
    /// - Throws: an error of the file, at its line.
    package init(_ path: String) throws {
        self.path = path
        module = XpmModule(lua: lua)
        module.baseFolder = Paths.parent(path)
        try module.open()
        addConstructors()
        let bytes = try Files.read(path, limit: 1 << 24)
        let shown = Paths.shown(path)
        module.willLoad(shown, bytes, module: nil, isOwn: true)
        try lua.stack.load(bytes, name: "@\(shown)")
        try lua.stack.call(arguments: 0, results: 0)
        lua.stack.pushGlobals()
        lua.stack.get("find_launcher", from: -1)
        if lua.stack.kind(-1) == .function {
            let place = lua.stack.definition(-1).map { "\($0.source):\($0.line)" } ?? shown
            finder = (lua.stack.keep(), place)
        } else if !lua.stack.isAbsent(-1) {
            throw ScriptError("\(shown): find_launcher is to be a function of a requirement and tags")
        }
    }

    /// The file of this user; nil where there is none.
    package static func ofUser() throws -> LauncherFile? {
        Files.exists(LauncherChoice.path) ? try LauncherFile(LauncherChoice.path) : nil
    }

    // MARK: Choosing

    package func find(
        _ requirement: Requirement?, tags: [(name: String, value: String)]
    ) throws(ValueError) -> String? {
        guard let finder else { return nil }
        let stack = lua.stack
        do {
            stack.push(finder.function)
            try push(requirement, stack)
            stack.pushTable(fields: tags.count)
            for tag in tags {
                stack.push(tag.value)
                stack.set(tag.name, in: -2)
            }
            try stack.call(arguments: 2, results: 1)
        } catch { throw ValueError(.refused("find_launcher failed: \(error.shown)")) }
        defer { stack.pop() }
        if let launcher = stack.object(-1, .launcher) { return launcher.definition.name }
        if let name = stack.text(-1) { return name }
        let what = requirement.map { "for \"\($0.text)\"" } ?? "for a job that requires nothing"
        throw ValueError(
            .refused(
                "\(finder.place): find_launcher returned \(stack.isAbsent(-1) ? "nothing" : "a \(stack.typeName(-1))") \(what); it returns a launcher, such as xpm.launchers.direct {}"
            ))
    }

    /// `{ text =, duration =, cores =, memory =, gpus =, gpu_memory = }` of the first alternative; an empty
    /// table for a job that requires nothing.
    private func push(_ requirement: Requirement?, _ stack: LuaStack) throws {
        stack.pushTable(fields: 6)
        guard let requirement, let first = requirement.alternatives.first else { return }
        stack.push(requirement.text)
        stack.set("text", in: -2)
        func set(_ name: String, _ value: Double?) {
            guard let value else { return }
            stack.push(value)
            stack.set(name, in: -2)
        }
        func set(_ name: String, _ value: Int64?) {
            guard let value else { return }
            stack.push(value)
            stack.set(name, in: -2)
        }
        set("duration", first.duration)
        set("cores", first.cores.map(Int64.init))
        set("memory", first.memory)
        set("gpus", Int64(first.gpus))
        set("gpu_memory", first.gpuMemory)
    }

    // MARK: Constructors

    private func addConstructors() {
        let stack = lua.stack
        stack.pushGlobals()
        stack.get("package", from: -1)
        stack.get("loaded", from: -1)
        stack.get("xpm", from: -1)
        stack.pushTable()
        lua.push { [unowned self] stack in try construct(.direct, "direct", stack) }
        stack.set("direct", in: -2)
        for name in BatchQueue.names + [LauncherReader.program] {
            lua.push { [unowned self] stack in try construct(.batch(name), name, stack) }
            stack.set(name, in: -2)
        }
        lua.push { [unowned self] stack in try constructRemote(stack) }
        stack.set(LauncherReader.remote, in: -2)
        stack.set("launchers", in: -2)
        stack.pop(4)
    }

    private func construct(
        _ kind: LauncherDefinition.Kind, _ word: String, _ stack: LuaStack
    ) throws -> Int {
        let what = "xpm.launchers.\(word)"
        guard let fields = stack.isAbsent(1) ? [] : try stack.value(1).entries else {
            throw ScriptError("\(what) needs a table: \(what) { name = \"…\" }")
        }
        let reader = LauncherReader(what: what, kind: kind)
        return try add(try reader.definition(of: fields, usualName: word), what, stack)
    }

    private func constructRemote(_ stack: LuaStack) throws -> Int {
        let what = "xpm.launchers.\(LauncherReader.remote)"
        guard let fields = try stack.value(1).entries else {
            throw ScriptError("\(what) needs a table: \(what) { host = \"…\", workspace = \"…\" }")
        }
        return try add(try LauncherReader(what: what, kind: .direct).remote(of: fields), what, stack)
    }

    private func add(_ definition: LauncherDefinition, _ what: String, _ stack: LuaStack) throws -> Int {
        guard !all.contains(where: { $0.name == definition.name }) else {
            throw ScriptError(
                "\(what): there are two launchers '\(definition.name)'; name = \"…\" tells them apart")
        }
        all.append(definition)
        stack.push(LauncherBox(definition), .launcher)
        return 1
    }
}

/// A launcher as the file has it.
final class LauncherBox {
    let definition: LauncherDefinition

    init(_ definition: LauncherDefinition) { self.definition = definition }
}

extension ObjectClass where Object == LauncherBox {
    static var launcher: Self { .init(number: 8) }
}
