import Engine
import Model
import Store
import System
import Text

/// What a plan does with services: `xp:add_service(service)`, and the services' own fields and methods.
extension PlanSession {
    func addServiceFunctions() {
        module.add("add_service") { [unowned self] stack in try addService(stack) }
        module.add("add_listener") { [unowned self] stack in
            guard let listener = stack.object(1, .serviceListener) else {
                throw ScriptError("xp:add_listener needs what xpm.service_listener gives")
            }
            guard let experiment else { throw ScriptError("xp:add_listener works inside run") }
            experiment.services.add(LuaListener(listener, self))
            return 0
        }
        module.add("remove_listener") { [unowned self] stack in
            guard let listener = stack.object(1, .serviceListener) else {
                throw ScriptError("xp:remove_listener needs what xpm.service_listener gives")
            }
            guard let experiment else { throw ScriptError("xp:remove_listener works inside run") }
            experiment.services.remove { ($0 as? LuaListener)?.box === listener }
            return 0
        }
        module.addMetamethod("__index", of: .service) { [unowned self] stack in try serviceField(stack) }
    }

    private func addService(_ stack: LuaStack) throws -> Int {
        guard let box = stack.object(1, .service) else {
            throw ScriptError("xp:add_service needs what xpm.service, xpm.web_service or xpm.services give")
        }
        guard let experiment else { throw ScriptError("xp:add_service works inside run") }
        guard box.service == nil else {
            throw ScriptError("service '\(box.definition.id)' was added already")
        }
        guard serviceBoxes[box.definition.id] == nil else {
            throw ScriptError("there is a service '\(box.definition.id)' already: give this one another id")
        }
        let service = try makeService(box, experiment)
        serviceBoxes[service.id] = box
        guard experiment.services.add(service) else {
            throw ScriptError("service '\(service.id)': the run is over")
        }
        box.service = service
        pump.run()
        stack.copy(1)
        return 1
    }

    private func makeService(_ box: ServiceBox, _ experiment: Experiment) throws -> any Service {
        var definition = box.definition
        let run = experiment.run?.path ?? "/"
        if experiment.run != nil, experiment.mode.launches {
            let folder = ServiceFolder(definition.id, in: run)
            try folder.create()
            box.folder = folder
        }
        guard box.isLua else {
            let here = Paths.parent(files[box.source] ?? Paths.absolute(box.source))
            if definition.arguments.contains(where: { $0.contains("{here}") }) {
                try sources.linkRest(of: here)
            }
            // Told from the run's folder, which has a link to its code: so it may be copied elsewhere.
            let place = sources.place(of: here).replacing(
                experiment.run?.sources ?? "/", with: "{run}/sources")
            definition.arguments = definition.arguments.map { $0.replacing("{here}", with: place) }
            return ProcessService(definition, run: run, program: experiment.host)
        }
        if definition.description.isEmpty {
            definition.description = try callService(box, "describe") ?? ""
        }
        let service = LuaService(definition, pump: pump) { [unowned self, box] name in
            try callService(box, name)
        }
        if let folder = box.folder { service.status.add(LuaServiceRecorder(folder)) }
        return service
    }

    /// Calls a function of a service's table with the service; nil where it has none or it gives nothing.
    private func callService(_ box: ServiceBox, _ name: String) throws -> String? {
        let stack = lua.current
        try stack.reserve(4)
        stack.push(box.table)
        stack.get(name, from: -1)
        stack.insert(-2)
        stack.pop()
        guard stack.kind(-1) == .function else {
            stack.pop()
            return nil
        }
        stack.push(box, .service)
        try stack.call(arguments: 1, results: 1)
        defer { stack.pop() }
        return stack.isAbsent(-1) ? nil : stack.description(-1)
    }

    // MARK: Fields and methods

    private func serviceField(_ stack: LuaStack) throws -> Int {
        guard let box = stack.object(1, .service), let name = stack.string(2) else {
            throw ScriptError("not a service")
        }
        func push(_ text: String?) { if let text { stack.push(text) } else { stack.pushNil() } }
        let service = box.service
        switch name {
        case "id": stack.push(service?.id ?? box.definition.id)
        case "description": stack.push(service?.description ?? box.definition.description)
        case "state": stack.push(service?.state.name ?? "STOPPED")
        case "error": push(service?.state.error)
        case "url": push(service?.url)
        case "log": push(service?.log)
        case "dir": push(box.folder?.dir)
        case "parts":
            let parts = box.namedParts()
            stack.pushTable(fields: parts.count)
            for part in parts {
                stack.push(part.box, .service)
                stack.set(part.name, in: -2)
            }
        case "start", "stop", "add", "add_listener", "remove_listener", "wait":
            pushServiceMethod(name, stack)
        default:
            if let fields = box.fields, stack.pushField(name, of: fields) { return 1 }
            // What was never set is nil where a service keeps something.
            if box.isLua || box.fields != nil {
                stack.pushNil()
                return 1
            }
            throw ScriptError(
                "a service has no '\(name)'" + Suggestion.hint(for: name, among: ServiceBox.ownFields))
        }
        return 1
    }

    private func pushServiceMethod(_ name: String, _ stack: LuaStack) {
        pushCached("service.\(name)", stack) { [unowned self] stack in
            guard let box = stack.object(1, .service) else {
                throw ScriptError("\(name) needs a service; call it with a colon, service:\(name)()")
            }
            guard let service = box.service, let experiment else {
                throw ScriptError("service '\(box.definition.id)': \(name) works once xp:add_service has it")
            }
            switch name {
            case "add_listener":
                guard let listener = stack.object(2, .serviceListener) else {
                    throw ScriptError("add_listener needs what xpm.service_listener gives")
                }
                service.status.add(LuaListener(listener, self))
            case "remove_listener":
                guard let listener = stack.object(2, .serviceListener) else {
                    throw ScriptError("remove_listener needs what xpm.service_listener gives")
                }
                service.status.remove { ($0 as? LuaListener)?.box === listener }
            case "add": try linkJob(to: box, stack)
            // Nothing starts where nothing runs.
            case "start": if experiment.mode.launches { ServiceRegistry.start(service) }
            case "stop": if experiment.mode.launches { ServiceRegistry.stop(service) }
            default: if experiment.mode.launches { try wait(for: service) }
            }
            pump.run()
            stack.copy(1)
            return 1
        }
    }

    /// `service:add(task, path)`: links a job's folder, or a path in it, into `{dir}/runs`, by the task's
    /// tags.
    private func linkJob(to box: ServiceBox, _ stack: LuaStack) throws {
        let object = try XpmModule.object(stack, 2, "service:add")
        guard let job = object.jobPath ?? object.task?.jobPath else {
            throw ScriptError("service:add: \(object.type.id) was not submitted")
        }
        let target = stack.string(3).map { Paths.absolute($0, from: job) } ?? job
        try box.folder?.link(target, tags: object.allTags(), below: "runs")
    }

    /// Waits until a service runs or has failed.
    private func wait(for service: any Service) throws {
        while true {
            pumpServices()
            if service.status.wait(milliseconds: 50, until: { $0 != .starting }) != nil { return }
            if lua.flag.isRaised { throw ScriptError("interrupted") }
        }
    }

    // MARK: The script's thread

    /// Whether something of services needs the script's thread now and then.
    var hasLuaServices: Bool { !serviceBoxes.isEmpty }

    /// Tells listeners, asks services written in Lua how they are, and functions whether a service is ready.
    /// Errors of theirs are warnings.
    func pumpServices() {
        pump.run()
        for box in serviceBoxes.values {
            if let service = box.service as? LuaService { service.check() }
            guard let service = box.service as? ProcessService, service.waitsForAnswer else { continue }
            do {
                if try callService(box, "ready") == "true" { service.declareReady() }
            } catch { module.warnOnce("service \(service.id): ready: \(XpmModule.valueError(error).text)") }
        }
        pump.run()
    }

    /// Tells a listener of a change, on the script's thread.
    fileprivate func tell(_ listener: ListenerBox, _ id: String, _ old: ServiceState, _ new: ServiceState) {
        guard let box = serviceBoxes[String(id.split(separator: "/").first ?? "")] else { return }
        let stack = lua.current
        do {
            try stack.reserve(6)
            stack.push(listener.function)
            stack.push(box, .service)
            stack.push(old.name)
            stack.push(new.name)
            stack.push(id)
            try stack.call(arguments: 4, results: 0)
        } catch { module.warnOnce("a service listener failed: \(XpmModule.valueError(error).text)") }
    }
}

/// Brings changes to a listener in Lua, in order.
private final class LuaListener: ServiceListener, @unchecked Sendable {
    // @unchecked Sendable: the session and the box are only touched on the script's thread.
    let box: ListenerBox
    private unowned let session: PlanSession
    private let pump: ServicePump

    init(_ box: ListenerBox, _ session: PlanSession) {
        self.box = box
        self.session = session
        pump = session.pump
    }

    func stateChanged(of service: any Service, from old: ServiceState, to new: ServiceState) {
        pump.later { [session, box, id = service.id] in session.tell(box, id, old, new) }
    }
}

/// Writes the states of a service that is written in Lua.
private final class LuaServiceRecorder: ServiceListener {
    private let folder: ServiceFolder

    init(_ folder: ServiceFolder) { self.folder = folder }

    func stateChanged(of service: any Service, from _: ServiceState, to new: ServiceState) {
        var record = ServiceRecord(definition: nil, description: service.description, state: new)
        // It lives in this process.
        record.host = ProcessRecord(pid: Environment.processID)
        try? record.write(to: folder)
    }
}
