import Engine
import Store
import Synchronization
import System
import TestSupport
import Testing
import Text

@Suite("Service states", .timeLimit(.minutes(20)))
struct ServiceStatusTests {
    /// A service that does nothing, for what is around it.
    private final class Idle: Service {
        let id = "idle"
        let description = "does nothing"
        let status = ServiceStatus()
        let url: String? = nil
        let log: String? = nil
        let parts: [any Service] = []
        let outlivesRun = false
        let failsRun = false
        let constructor: JSON = [:]

        func start() {
            guard status.move(to: .starting, of: self) else { return }
            status.move(to: .running, of: self)
        }
        func settle(unless _: () -> Bool) {}
        func stop() {
            guard status.move(to: .stopping, of: self) else { return }
            status.move(to: .stopped, of: self)
        }
    }

    private final class Listener: ServiceListener {
        let seen = Mutex<[(old: ServiceState, new: ServiceState)]>([])

        func stateChanged(of _: any Service, from old: ServiceState, to new: ServiceState) {
            seen.withLock { $0.append((old, new)) }
        }
    }

    @Test("only legal changes are made")
    func legal() {
        let all: [ServiceState] = [.stopped, .starting, .running, .stopping, .error("x")]
        let legal = all.flatMap { old in all.filter(old.mayBecome).map { "\(old.name) \($0.name)" } }
        #expect(
            legal == [
                "STOPPED STARTING", "STARTING RUNNING", "STARTING STOPPING", "STARTING ERROR",
                "RUNNING STOPPING",
                "RUNNING ERROR", "STOPPING STOPPED", "STOPPING ERROR", "ERROR STARTING",
            ])
    }

    @Test("a listener sees exactly the sequence of states, whatever threads start and stop")
    func sequence() async {
        let service = Idle()
        let listener = Listener()
        service.status.add(listener)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    for _ in 0..<200 { if worker % 2 == 0 { service.start() } else { service.stop() } }
                }
            }
        }
        _ = service.status.wait(milliseconds: 5000) { _ in true }
        let seen = listener.seen.withLock { $0 }
        #expect(!seen.isEmpty && seen[0].old == .stopped)
        for (before, after) in zip(seen, seen.dropFirst()) { #expect(before.new == after.old) }
        #expect(seen.allSatisfy { $0.old.mayBecome($0.new) })
        #expect(seen.last?.new == service.state)
    }

    @Test("the registry tells later listeners of later services too, and closes in the reverse order")
    func registry() {
        let registry = ServiceRegistry(isLive: true)
        let listener = Listener()
        let first = Idle()
        #expect(registry.add(first) && first.state == .running)
        #expect(!registry.add(Idle()))
        registry.add(listener)
        registry.close()
        #expect(first.state == .stopped && listener.seen.withLock { $0.map(\.new) } == [.stopping, .stopped])
        #expect(!registry.add(Idle()))
        let dry = ServiceRegistry(isLive: false)
        let second = Idle()
        #expect(dry.add(second) && second.state == .stopped)
    }

    @Test("a definition and a record are read back; cut ones are none")
    func records() throws {
        let folder = try TemporaryFolder()
        var definition = ServiceDefinition(id: "tb", arguments: ["tensorboard", "--port", "{port}"])
        definition.environment = [.init(name: "A", value: "b")]
        definition.isWeb = true
        definition.ready = .output("^ready")
        definition.restart = .onFailure
        definition.parts = [ServiceDefinition(id: "sub", arguments: ["x"])]
        #expect(ServiceDefinition(definition.json) == definition)
        var record = ServiceRecord(definition: definition, description: "d", state: .error("why"))
        record.url = "http://127.0.0.1:1/"
        record.host = ProcessRecord(pid: Environment.processID)
        let place = ServiceFolder("tb", in: folder.path)
        try place.create()
        try record.write(to: place)
        #expect(ServiceRecord.read(place) == record)
        let path = "\(place.path)/service.json"
        let whole = try Files.read(path)
        for end in 0..<(whole.count - 1) {
            try Files.write(Array(whole[..<end]), to: path)
            #expect(ServiceRecord.read(place) == nil)
        }
    }
}
