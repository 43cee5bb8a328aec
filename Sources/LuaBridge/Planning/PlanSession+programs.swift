import Engine
import Model
import Store
import System
import Text

/// What the program of a job is: its command, and what it needs.
extension PlanSession {
    func program(
        of task: ConfigObject, _ definition: TypeDefinition, _ own: [EnvironmentVariable],
        _ frame: ProgramFrame, _ stack: LuaStack
    ) throws -> JobProgram {
        try keepNamedSources(of: definition, stack)
        let wrap =
            frame.wrap.isEmpty
            ? []
            : try WrapWords.words(
                of: frame, here: sources.place(of: folder(of: definition)), folder: task.jobPath ?? "",
                workspace: experiment?.workspace.path ?? "")
        if task.type.python != nil { return try pythonProgram(of: task, definition, wrap, stack) }
        guard module.pushField("command", of: task.type, stack) else {
            if frame.isAsked, !wrap.isEmpty {
                throw ScriptError(
                    "\(task.type.id): wrap: its program is a Lua function, which runs in xpm-job itself; only a command can be wrapped"
                )
            }
            return JobProgram(.lua(fields: scriptFields()))
        }
        if stack.kind(-1) == .function {
            module.push(task, stack)
            try stack.call(arguments: 1, results: 1)
        }
        defer { stack.pop() }
        var resolver = CommandResolver(
            task: task, here: folder(of: definition), sources: sources, spread: frame.spread,
            isWrapped: !wrap.isEmpty,
            style: { [module] in try ProgramArguments(of: task.type, in: module, stack) }
        ) { [unowned self] in
            try keepCode($0)
            return asksForArguments($0)
        }
        let template: CommandTemplate
        let arguments: [String]
        do {
            template = try CommandTemplate(stack, stack.absolute(-1))
            try template.refuseQuoted()
            arguments = try resolver.arguments(
                of: template, isStrict: isStrict(task, stack), shell: try shell(task, stack)
            ) { missing(in: $0, of: task, own) == nil }
        } catch let error as ScriptError where !error.message.hasPrefix(task.type.id) {
            throw ScriptError("\(task.type.id): \(error.message)")
        }
        tellBeside(template, resolver.here, of: task.type, stack)
        // What is within is looked for there.
        try refuseMissing(wrap.isEmpty ? arguments : wrap, of: task, own, here: resolver.here)
        let spread = resolver.leadsWithSpread ? frame.spread : []
        var program = JobProgram(.command(spread + wrap + arguments), attachments: resolver.attachments)
        let isWorker = module.isWorker(task.type, stack)
        if isWorker || resolver.namesArguments {
            program.attachments.append(
                .init(name: JobScript.Attachment.arguments, content: JSON(arguments: task).bytes))
        }
        if isWorker { program.helpers = try helpers() }
        return program
    }

    /// The program of a command that is not found; nil where it is.
    private func missing(
        in arguments: [String], of task: ConfigObject, _ own: [EnvironmentVariable]
    ) -> String? {
        let path =
            ((experiment?.environment ?? []) + own).last { $0.name == "PATH" }?.value ?? Environment["PATH"]
        return programs.missing(in: arguments, along: path, from: task.jobPath ?? "/")
    }

    /// - Throws: for a program that is not there, as far as that can be known now.
    private func refuseMissing(
        _ arguments: [String], of task: ConfigObject, _ own: [EnvironmentVariable], here: String
    ) throws {
        guard let missing = missing(in: arguments, of: task, own) else { return }
        let folder = task.jobPath ?? "/"
        let place = Paths.absolute(missing, from: folder)
        // What is in a job's folder, its own or that of one before, may be made by then.
        let isMade =
            missing.hasPrefix("/") && !Files.exists(place)
            && (experiment.map { place.hasPrefix("\($0.workspace.path)/") } ?? false)
        if isMade { return }
        let isBeside = Files.exists(Paths.absolute(missing, from: here))
        let why =
            Files.exists(place)
            ? "not executable"
            : !missing.contains("/")
                ? "not in PATH\(isBeside ? "; the one beside the script is {here}/\(missing)" : "")"
                : !missing.hasPrefix("/") && isBeside
                    ? "a command runs in its job's folder; the one beside the script is {here}/\(missing.after("./") ?? missing[...])"
                    : "no such program"
        throw ScriptError("\(task.type.id): command not found: '\(missing)' (\(why))")
    }

    /// `python3 train.py` finds no train.py: the job runs in its own folder.
    private func tellBeside(
        _ template: CommandTemplate, _ here: String, of type: ConfigType, _ stack: LuaStack
    ) {
        guard !typesToldBeside.contains(type.key), !template.names.contains(["here"]) else { return }
        typesToldBeside.insert(type.key)
        for word in template.plainWords
        where Paths.hasExtension(word, "py", "R", "r", "sh", "jl", "lua", "pl", "rb", "js") {
            guard !word.hasPrefix("/"), !word.hasPrefix("-"), Files.kind("\(here)/\(word)") == .file else {
                continue
            }
            let name = word.after("./") ?? word[...]
            module.warn(
                at: stack,
                "\(type.id): command: a job runs in its own folder, where there is no \(word): did you mean {here}/\(name)?"
            )
        }
    }

    /// The shell of a command that is a text: `shell = "bash -euo pipefail"`.
    private func shell(_ task: ConfigObject, _ stack: LuaStack) throws -> [String]? {
        guard module.pushField("shell", of: task.type, stack) else { return nil }
        defer { stack.pop() }
        return stack.string(-1)?.split(separator: " ").map(String.init)
    }

    /// The folder of the files that workers load, of this version of them.
    func helpers() throws -> String {
        if let helpersFolder { return helpersFolder }
        let all = EmbeddedText.workers
        let name = Identifier(hashing: all.flatMap(\.text)).short
        let folder = "\(experiment?.workspace.path ?? "")/helpers/\(name)"
        if experiment.map({ $0.mode != .dryRun }) ?? false {
            for (name, text) in all where !Files.exists("\(folder)/\(name)") {
                try Files.makeFolder(folder)
                try Files.replace("\(folder)/\(name)", with: text)
            }
        }
        helpersFolder = folder
        return folder
    }

    /// Whether the first command that fails ends a command that is a text.
    private func isStrict(_ task: ConfigObject, _ stack: LuaStack) -> Bool {
        guard module.pushField("strict", of: task.type, stack) else { return true }
        defer { stack.pop() }
        return stack.bool(-1)
    }

    /// Keeps the files that `sources = { … }` of a task names.
    private func keepNamedSources(of definition: TypeDefinition, _ stack: LuaStack) throws {
        guard definitionsWithKeptSources.insert(ObjectIdentifier(definition)).inserted,
            module.pushField("sources", of: definition.type, stack)
        else { return }
        defer { stack.pop() }
        guard case .list(let patterns) = try stack.value(-1) else {
            throw ScriptError("\(definition.type.id): sources needs a list of files or patterns")
        }
        let root = folder(of: definition)
        for pattern in patterns {
            guard case .string(let text) = pattern else {
                throw ScriptError("\(definition.type.id): sources: expected string, got \(pattern.told)")
            }
            let files = try SourceTree.files(matching: text, in: root)
            if files.isEmpty {
                throw ScriptError(
                    "\(definition.type.id): sources: no file matches '\(text)' in \(Paths.shown(root))")
            }
            for file in files { try keepCode(file) }
            // The scripts of tasks list what is kept.
            luaFields = nil
        }
    }
}
