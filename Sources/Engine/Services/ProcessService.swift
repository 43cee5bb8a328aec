import CSystemShim
import Glibc
package import Store
import System
package import Text

/// A service that is a program, in a host of its own (`ServiceHost`).
///
/// A thread of its own supervises it from its start to its end: waits until it is ready, starts it again
/// where that is wanted, and writes every state to its folder.
package final class ProcessService: Service {
    package let id: String
    package let definition: ServiceDefinition
    package let status = ServiceStatus()
    package let parts: [any Service]
    package let folder: ServiceFolder
    private let program: String
    /// When it is started again: not where the run fails with it.
    private var restart: ServiceDefinition.Restart {
        isAlone || definition.failsRun ? .never : definition.restart
    }
    /// Whether nobody will supervise it when it is ready: then nobody starts it again.
    private let isAlone: Bool
    private let live = Monitor(Live())
    private let writing = Monitor(())

    private struct Live: Sendable {
        var url: String?
        var host: ProcessRecord?
        var mustStop = false
        var isSupervised = false
        /// Whether somebody has said that it is ready.
        var isDeclaredReady = false
        var channel: Int32 = -1
    }

    /// How often it is looked whether it is ready, in milliseconds.
    private static let interval: Int32 = 20
    /// How often it is started again, and how long it is waited before, in seconds, doubled each time.
    private static let mostRestarts = 3
    private static let pause = 0.5
    /// One that ran so long, in seconds, has started well: its restarts are counted anew.
    private static let settled = 60.0

    /// - Parameters:
    ///   - program: the absolute path of `xpm-job`.
    ///   - parent: the id of the service that it is a part of.
    package init(_ definition: ServiceDefinition, run: String, program: String, parent: String? = nil) {
        self.definition = definition
        self.program = program
        isAlone = false
        let id = parent.map { "\($0)/\(definition.id)" } ?? definition.id
        self.id = id
        folder = ServiceFolder(id, in: run)
        parts = definition.parts.map { ProcessService($0, run: run, program: program, parent: id) }
        status.add(Recorder(of: self))
    }

    /// One of a run that is over, alone.
    init(_ definition: ServiceDefinition, folder: ServiceFolder, program: String) {
        self.definition = definition
        self.program = program
        isAlone = true
        self.folder = folder
        id = folder.id
        parts = []
        status.add(Recorder(of: self))
    }

    package var description: String { definition.description }
    package var url: String? { live.withLock { $0.url } }
    package var log: String? { folder.log }
    package var outlivesRun: Bool { definition.outlivesRun }
    package var failsRun: Bool { definition.failsRun }
    package var constructor: JSON { definition.json(masksVariables: true) }

    /// Whether somebody has to say that it is ready.
    package var waitsForAnswer: Bool { definition.ready == .asked && state == .starting }

    package func declareReady() { live.change { $0.isDeclaredReady = true } }

    // MARK: Starting and stopping

    package func settle(unless isCut: () -> Bool) {
        // The script, whose function would say it, is at its end.
        if definition.ready == .asked { declareReady() }
        let end = Monotonic.seconds + definition.timeout + 10
        while state == .starting, Monotonic.seconds < end {
            // Nobody would see whether it becomes ready.
            if isCut() { return stop() }
            _ = status.wait(milliseconds: 50) { $0 != .starting }
        }
    }

    package func start() {
        let mayStart = live.withLock { live in
            if live.isSupervised { return false }
            live.isSupervised = true
            live.mustStop = false
            return true
        }
        guard mayStart else { return }
        guard status.move(to: .starting, of: self) else { return live.withLock { $0.isSupervised = false } }
        do throws(SystemError) {
            try NewThread.start { [self] in
                supervise()
                live.change { $0.isSupervised = false }
            }
        } catch {
            status.move(to: .error(error.text), of: self)
            live.change { $0.isSupervised = false }
        }
    }

    package func stop() {
        let isSupervised = live.change { live in
            live.mustStop = true
            return live.isSupervised
        }
        guard isSupervised else { return }
        status.move(to: .stopping, of: self)
        live.change { live in
            if live.channel >= 0 { _ = unsafe xsys_send(live.channel, [ServiceHost.Word.stop], 1, -1) }
        }
        _ = live.wait { $0.isSupervised ? nil : true }
    }

    // MARK: Supervising

    private enum End {
        case stopped
        case failed(String)
        /// It ended by itself, with exit code 0 or not.
        case ended(String, isWell: Bool)
    }

    private func supervise() {
        var restarts = 0
        stopEarlier()
        while true {
            let began = Monotonic.seconds
            let end: End
            do throws(SystemError) { end = try runOnce() } catch { end = .failed(error.text) }
            live.change { ($0.host, $0.channel, $0.isDeclaredReady) = (nil, -1, false) }
            var reason: String
            var isAgain = restart == .always
            switch end {
            case .stopped:
                status.move(to: .stopping, of: self)
                status.move(to: .stopped, of: self)
                return
            case .failed(let why):
                reason = why
                isAgain = restart != .never
            case .ended(let why, let isWell):
                reason = why
                isAgain = isAgain || restart == .onFailure && !isWell
            }
            if Monotonic.seconds - began > Self.settled { restarts = 0 }
            if isAgain {
                reason +=
                    restarts < Self.mostRestarts
                    ? "; starting it again (\(restarts + 1) of \(Self.mostRestarts))"
                    : "; given up after \(Self.mostRestarts) restarts"
            }
            status.move(to: .error(reason), of: self)
            guard isAgain, restarts < Self.mostRestarts else { return }
            let pause = Self.pause * Double(1 << restarts)
            restarts += 1
            if live.wait(milliseconds: Int(pause * 1000), until: { $0.mustStop }) { return }
            guard status.move(to: .starting, of: self) else { return }
        }
    }

    /// One of this id that an earlier run has left makes room: there is one at a time, and it may have the
    /// port.
    private func stopEarlier() {
        for earlier in folder.ofEarlierRuns where ServiceRecord.read(earlier)?.actualState.isUp == true {
            // One that cannot be stopped from here stays: it may be on another machine.
            try? ServiceControl(earlier, isLive: false, program: program).stop()
        }
    }

    /// From the start of the program to its end.
    private func runOnce() throws(SystemError) -> End {
        try folder.create()
        var port: Int?
        if definition.needsPort {
            if definition.port > 0, Loopback.isOpen(definition.port) {
                return .failed("port \(definition.port) is taken by another program")
            }
            port = try definition.port > 0 ? definition.port : Loopback.freePort()
        }
        live.withLock { $0.url = port.map { "http://127.0.0.1:\($0)\(definition.path)" } }
        let mark = Files.size(of: folder.log)
        let host = try startHost(port)
        defer {
            // First: nobody sends to a number that is another's.
            live.change { $0.channel = -1 }
            close(host.channel)
        }
        let end = try follow(host.channel, port, logFrom: Int(mark), pid: host.pid)
        let said = { ServiceEnd.quoting(self.folder.log, from: mark, after: $0) }
        return switch end {
        case .stopped: end
        case .failed(let why): .failed(said(why))
        case .ended(let why, let isWell): .ended(said(why), isWell: isWell)
        }
    }

    private func startHost(_ port: Int?) throws(SystemError) -> (channel: Int32, pid: Int32) {
        func fill(_ text: String) -> String {
            ServiceDefinition.fill(text, port: port, dir: folder.dir, run: folder.run)
        }
        let order = ServiceOrder(
            arguments: definition.arguments.map(fill),
            environment: definition.environment.map { .init(name: $0.name, value: fill($0.value)) },
            service: folder, stays: definition.outlivesRun)
        var ends: [Int32] = [0, 0]
        let failure = unsafe xsys_channel(&ends)
        if failure < 0 { throw SystemError("create sockets", "", code: -failure) }
        let theirs = Descriptor(owning: ends[1])
        let pid = ChildProcess.spawn(
            [program, ServiceHost.flag], environment: .current,
            as: NewProcess(kept: theirs.number, keptAs: ServiceHost.channel, startsSession: true))
        if pid < 0 {
            close(ends[0])
            throw SystemError("start", program, code: -pid)
        }
        live.change { live in
            live.host = ProcessRecord(pid: pid)
            live.channel = ends[0]
        }
        // First: a program that stays can be found, whenever this process is killed.
        write()
        let bytes = order.json.bytes
        live.change { live in
            _ = unsafe xsys_send(ends[0], bytes, bytes.count, -1)
            if live.mustStop { _ = unsafe xsys_send(ends[0], [ServiceHost.Word.stop], 1, -1) }
        }
        return (ends[0], pid)
    }

    /// Waits for what the host says, and for the program to be ready.
    private func follow(_ channel: Int32, _ port: Int?, logFrom mark: Int, pid: Int32) throws(SystemError)
        -> End
    {
        let end = Monotonic.seconds + definition.timeout
        var isReady = false
        var program: Int32?
        var why: String?
        let pattern: RegularExpression? =
            if case .output(let text) = definition.ready { RegularExpression(text) } else { nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var polled = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
            unsafe _ = poll(&polled, 1, isReady ? -1 : Self.interval)
            if polled.revents != 0 {
                var passed: Int32 = -1
                let count = unsafe xsys_receive(channel, &buffer, buffer.count, &passed, true)
                let text = count > 1 ? String(decoding: buffer[1..<Int(count)], as: UTF8.self) : ""
                switch count > 0 ? buffer[0] : 0 {
                case ServiceHost.Word.started: program = Int32(text) ?? 0
                case ServiceHost.Word.failed:
                    reap(pid)
                    return .failed(text)
                default:
                    reap(pid)
                    // A host that was killed takes its program along, but not what that has started.
                    if count <= 0, let program, program > 0 { kill(-program, SIGKILL) }
                    if live.withLock({ $0.mustStop }) { return .stopped }
                    if let why { return .failed(why) }
                    return Self.end(text, isHostGone: count <= 0, wasReady: isReady)
                }
            }
            guard !isReady, why == nil else { continue }
            if live.withLock({ $0.mustStop }) {
                // Nothing but its end is waited for.
                isReady = true
            } else if program != nil, isFine(port, mark, pattern) {
                isReady = true
                status.move(to: .running, of: self)
            } else if Monotonic.seconds > end {
                why = "not ready after \(NumberText.duration(definition.timeout))"
                _ = unsafe xsys_send(channel, [ServiceHost.Word.stop], 1, -1)
            }
        }
    }

    private func isFine(_ port: Int?, _ mark: Int, _ pattern: RegularExpression?) -> Bool {
        switch definition.ready {
        case .started: return true
        case .asked: return live.withLock { $0.isDeclaredReady }
        case .tcp: return port.map { Loopback.isOpen($0, milliseconds: 200) } ?? true
        case .http(let path):
            return port.flatMap { Loopback.status(of: path, at: $0) }.map { $0 < 500 } ?? false
        case .output:
            guard let pattern else { return false }
            let text =
                (try? Files.read(folder.log, from: mark)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return text.split(separator: "\n").contains { pattern.isFound(in: String($0)) }
        }
    }

    private func reap(_ pid: Int32) { _ = ChildProcess.wait(for: pid) }

    private static func end(_ text: String, isHostGone: Bool, wasReady: Bool) -> End {
        if isHostGone { return .ended("its host was killed", isWell: false) }
        let numbers = text.split(separator: " ").compactMap { Int32($0) }
        let (code, signal) = numbers.count == 2 ? (numbers[0], numbers[1]) : (-1, 0)
        return .ended(ServiceEnd.reason(code: code, signal: signal, wasReady: wasReady), isWell: code == 0)
    }

    // MARK: On disk

    /// Writes where it stands now; one thread at a time.
    private func write() {
        writing.withLock { _ in
            var record = ServiceRecord(definition: definition, description: description, state: state)
            let (url, host) = live.withLock { ($0.url, $0.host) }
            record.url = url
            // Until it has a host, it stands and falls with this process.
            record.host = host ?? ProcessRecord(pid: getpid())
            // A state that cannot be written is known here all the same.
            try? record.write(to: folder)
        }
    }

    /// The first listener: what others are told is on the disk already.
    private final class Recorder: ServiceListener {
        private unowned let service: ProcessService

        init(of service: ProcessService) { self.service = service }

        func stateChanged(of _: any Service, from _: ServiceState, to _: ServiceState) { service.write() }
    }
}
