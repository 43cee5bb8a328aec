import Engine
import Model
import Store
import Text

/// What a plan knows of the outputs of one resumable task.
final class TaskOutputs {
    let task: ConfigObject
    var watchers: [Watcher] = []
    /// What the task has made so far, and how far its file was read.
    var made: [TaskOutput] = []
    var offset = 0
    /// Whether the task ended and everything was told.
    var isOver = false

    init(_ task: ConfigObject) { self.task = task }

    struct Watcher {
        let object: ConfigObject
        let name: String
        let function: LuaReference
        let place: SweepPoints
        /// How many of those made have been looked at.
        var seen = 0
    }
}

/// `task:watch_output(name, function)`: what a resumable task makes while it runs comes to the plan, from the
/// first on, whether it was made before or is made now.
extension PlanSession {
    func addOutputFunctions() {
        module.addMethod("watch_output") { [unowned self] stack in try watchOutput(stack) }
        module.addMethod("output") { _ in
            throw ScriptError("output belongs to execute: the job tells what it has made")
        }
    }

    /// `watch_output(name, function)`, or `watch_output(object, name, function)` for an output of an object
    /// in the task.
    private func watchOutput(_ stack: LuaStack) throws -> Int {
        let task = try XpmModule.object(stack, 1, "watch_output")
        let inner = stack.object(2, .configObject)
        let first: Int32 = inner == nil ? 2 : 3
        guard task.type.kind == .resumable else {
            throw ScriptError(
                "watch_output: \(task.type.id) is no resumable_task: only those keep what they made when they start again"
            )
        }
        guard let name = stack.string(first), stack.kind(first + 1) == .function else {
            throw ScriptError("watch_output(name, function): the name of the output and what to call")
        }
        guard !XpmModule.definitionKeys.contains(name) else {
            throw ScriptError("watch_output: '\(name)' is a key of definitions: give the output another name")
        }
        stack.copy(first + 1)
        let watcher = TaskOutputs.Watcher(
            object: inner ?? task, name: name, function: stack.keep(), place: module.sweepPoints)
        if let known = outputs.first(where: { $0.task === task }) {
            known.watchers.append(watcher)
            known.isOver = false
        } else {
            let new = TaskOutputs(task)
            new.watchers.append(watcher)
            outputs.append(new)
        }
        stack.copy(1)
        return 1
    }

    /// Looks for what the watched tasks have made, and tells it.
    ///
    /// - Returns: whether anything was told.
    @discardableResult
    func pollOutputs() throws -> Bool {
        guard let experiment else { return false }
        var hasTold = false
        // What is told may watch more.
        var index = 0
        while index < outputs.count {
            let output = outputs[index]
            index += 1
            guard !output.isOver, let job = experiment.job(of: output.task) else { continue }
            let status = experiment.board.status(job.spec.number)
            // Of an earlier run there may be some already; they are told when the task runs again, or is
            // over.
            if !status.isFinal, status != .running { continue }
            // Asked first: what a job wrote before it ended is there then.
            let isFinal = status.isFinal
            output.made += TaskOutput.read(job.spec.folder, from: &output.offset)
            if try tell(output, of: job) { hasTold = true }
            output.isOver = isFinal
        }
        return hasTold
    }

    /// Warns of outputs that were watched and never made by a task that made others: their names may be
    /// mistyped.
    func tellUnknownOutputs() {
        for output in outputs where !output.made.isEmpty {
            let names = TextSet(output.made.map { $0.key.split(separator: "/").last.map(String.init) ?? "" })
            for watcher in output.watchers where !names.contains(watcher.name) {
                let known = names.ordered
                module.warnOnce(
                    "\(output.task.type.id) made no output '\(watcher.name)'\(Suggestion.hint(for: watcher.name, among: known)); it made \(known.joined(separator: ", "))"
                )
            }
        }
    }

    private func tell(_ output: TaskOutputs, of job: Job) throws -> Bool {
        var hasTold = false
        var position = 0
        while position < output.watchers.count {
            while output.watchers[position].seen < output.made.count {
                let watcher = output.watchers[position]
                let made = output.made[watcher.seen]
                output.watchers[position].seen += 1
                guard made.key == "\(watcher.object.identifier.hex)/\(watcher.name)" else { continue }
                hasTold = true
                try at(watcher.place) { try call(watcher, made, job) }
            }
            position += 1
        }
        return hasTold
    }

    /// Calls a watcher's function with what the method of that name makes of the values, or with the values.
    private func call(_ watcher: TaskOutputs.Watcher, _ made: TaskOutput, _ job: Job) throws {
        let stack = lua.current
        try stack.reserve(8)
        stack.push(watcher.function)
        let depth = stack.count
        let isMade = module.pushField(watcher.name, of: watcher.object.type, stack)
        if isMade, stack.kind(-1) == .function {
            let (outer, wasRunning) = (producing, isProducingWhileRunning)
            (producing, isProducingWhileRunning) = (job, true)
            defer { (producing, isProducingWhileRunning) = (outer, wasRunning) }
            module.push(watcher.object, stack)
            pushDep(stack)
            try module.push(made.values.value, stack)
            try stack.call(arguments: 3, results: 1)
        } else {
            if stack.count > depth { stack.pop() }
            try module.push(made.values.value, stack)
        }
        try stack.call(arguments: 1, results: 0)
    }
}
