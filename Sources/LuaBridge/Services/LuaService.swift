import Engine
import Model
import Store
import System
import Text

/// A service that is written in Lua: its functions run on the script's thread.
///
/// What other threads want of it waits there until the script's thread comes by (`ServicePump`).
final class LuaService: Service, @unchecked Sendable {
    // @unchecked Sendable: what belongs to Lua is only touched on the script's thread, which `pump` sees to.
    let id: String
    let definition: ServiceDefinition
    let status = ServiceStatus()
    private let pump: ServicePump
    /// Calls one of its functions, on the script's thread; gives what it returns as a text.
    private let call: (String) throws -> String?

    init(_ definition: ServiceDefinition, pump: ServicePump, call: @escaping (String) throws -> String?) {
        self.definition = definition
        id = definition.id
        self.pump = pump
        self.call = call
    }

    var description: String { definition.description }
    var url: String? { nil }
    var log: String? { nil }
    var parts: [any Service] { [] }
    var outlivesRun: Bool { definition.outlivesRun }
    var failsRun: Bool { definition.failsRun }
    var constructor: JSON { ["id": .string(id), "written_in": "lua"] }

    func start() {
        pump.onScriptThread { [self] in
            guard status.move(to: .starting, of: self) else { return }
            perform("start", then: .running)
        }
    }

    func stop() {
        pump.onScriptThread { [self] in
            guard status.move(to: .stopping, of: self) else { return }
            perform("stop", then: .stopped)
        }
    }

    func settle(unless _: () -> Bool) {}

    private func perform(_ name: String, then next: ServiceState) {
        do {
            _ = try call(name)
            status.move(to: next, of: self)
        } catch { status.move(to: .error(XpmModule.valueError(error).text), of: self) }
    }

    /// Asks its `state`, if it has one: a text other than `running` is an error. On the script's thread.
    func check() {
        guard state == .running else { return }
        do {
            if let told = try call("state"), told != "running" { status.move(to: .error(told), of: self) }
        } catch { status.move(to: .error(XpmModule.valueError(error).text), of: self) }
    }
}

/// Brings what happens to services on other threads to the script's thread.
final class ServicePump: @unchecked Sendable {
    // @unchecked Sendable: the closures are only called on the script's thread; the queue is a monitor's.
    private struct Work: @unchecked Sendable { let body: () -> Void }

    private let queue = Monitor<[Work]>([])
    private let thread = NewThread.currentNumber

    /// Does something now, or, where this is another thread, when the script's comes by.
    func onScriptThread(_ body: @escaping () -> Void) {
        if NewThread.currentNumber == thread { return body() }
        later(body)
    }

    /// Does something when the script's thread comes by.
    func later(_ body: @escaping () -> Void) {
        let work = Work(body: body)
        queue.withLock { $0.append(work) }
    }

    /// On the script's thread: does what has come up.
    func run() {
        while true {
            let all = queue.withLock { queue in
                defer { queue = [] }
                return queue
            }
            if all.isEmpty { return }
            for work in all { work.body() }
        }
    }
}
