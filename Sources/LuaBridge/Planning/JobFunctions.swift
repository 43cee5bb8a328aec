import Engine
import Model
import Store
import Text

/// What a plan does with submitted jobs: `xpm.job(output)`, waiting, states, results, callbacks.
extension PlanSession {
    func addJobFunctions() {
        module.addMethod("on_completed") { [unowned self] stack in try onCompleted(stack) }
        module.add("job") { [unowned self] stack in
            let object = try XpmModule.object(stack, 1, "xpm.job")
            guard let task = object.task, let job = experiment?.job(of: task) else {
                throw ScriptError("xpm.job: \(object.type.id) is not the output of a submitted task")
            }
            stack.push(job, .job)
            return 1
        }
        module.addMetamethod("__index", of: .job) { [unowned self] stack in try jobField(stack) }
        module.addMetamethod("__tostring", of: .job) { stack in
            stack.push(
                stack.object(1, .job).map { "job \($0.spec.taskID) \($0.spec.identifier.short)" } ?? "")
            return 1
        }
    }

    private func onCompleted(_ stack: LuaStack) throws -> Int {
        let object = try XpmModule.object(stack, 1, "on_completed")
        guard stack.kind(2) == .function else { throw ScriptError("on_completed needs a function") }
        guard let task = object.task, let job = experiment?.job(of: task) else {
            throw ScriptError("on_completed: \(object.type.id) was not submitted")
        }
        stack.copy(2)
        callbacks[job.spec.number, default: []].append(
            Callback(function: stack.keep(), object: object, place: module.sweepPoints))
        if experiment?.board.status(job.spec.number).isFinal == true { try callBack(job.spec.number) }
        stack.copy(1)
        return 1
    }

    private static let jobFields = ["wait", "state", "path", "stdout", "stderr", "identifier", "result"]

    private func jobField(_ stack: LuaStack) throws -> Int {
        guard let job = stack.object(1, .job), let name = stack.string(2) else {
            throw ScriptError("not a job")
        }
        switch name {
        case "path": stack.push(job.spec.folder.path)
        case "stdout", "stderr":
            job.spec.keepLogs()
            stack.push(name == "stdout" ? job.spec.folder.output : job.spec.folder.error)
        case "identifier": stack.push(job.spec.identifier.hex)
        case "state", "wait", "result": pushJobMethod(name, stack)
        default:
            let nearest =
                Suggestion.hint(for: name, among: Self.jobFields)
            throw ScriptError("a job has no '\(name)'\(nearest)")
        }
        return 1
    }

    private func pushJobMethod(_ name: String, _ stack: LuaStack) {
        pushCached("job.\(name)", stack) { [unowned self] stack in
            guard let job = stack.object(1, .job), let experiment else {
                throw ScriptError("\(name) needs a job; call it with a colon, job:\(name)()")
            }
            switch name {
            case "result":
                guard let json = JobResult.read(job.spec.folder) else {
                    stack.pushNil()
                    return 1
                }
                try module.push(json.value, stack)
            case "wait":
                try wait(for: job.spec.number)
                fallthrough
            default:
                try experiment.tellCached()
                stack.push(experiment.board.status(job.spec.number).name)
            }
            return 1
        }
    }

    func pushCached(_ key: String, _ stack: LuaStack, _ function: @escaping LuaState.Function) {
        if let known = cached[key] { return stack.push(function: known) }
        let number = lua.register(function)
        cached[key] = number
        stack.push(function: number)
    }
}
