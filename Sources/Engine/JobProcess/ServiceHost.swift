import CSystemShim
import Glibc
import Store
import System
import Text

/// The work of `xpm-job --service`: hosts the program of one service, so that it never outlives who wants it.
///
/// The channel is descriptor 3. A `ServiceOrder` comes first, and is answered by `P` and the pid, or `F` and
/// why it cannot be started. `T` asks to stop. The end of the program is told by `E` with exit code and
/// signal. When the other side is gone, the program is stopped, unless it is to stay; SIGTERM to this process
/// stops it too. Whatever the program has started is stopped with it: orphans of it become children of this
/// process.
package enum ServiceHost {
    package static let flag = "--service"
    static let channel: Int32 = 3

    /// Seconds between SIGTERM and SIGKILL.
    static let grace = 5.0
    /// A log of this size begins anew; the one before is kept as `log.1`.
    private static let mostLog = 8 << 20

    enum Word {
        static let started = UInt8(ascii: "P")
        static let failed = UInt8(ascii: "F")
        static let ended = UInt8(ascii: "E")
        static let stop = UInt8(ascii: "T")
    }

    /// Hosts one program to its end.
    package static func serve() {
        xsys_adopt_orphans()
        let signals = xsys_signals()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var passed: Int32 = -1
        let count = unsafe xsys_receive(channel, &buffer, buffer.count, &passed, true)
        guard count > 0, let order = ServiceOrder(Array(buffer[..<Int(count)])) else { return }
        do throws(SystemError) {
            var program = try Hosted(order, signals: signals)
            say("\(program.pid)", Word.started)
            let (code, signal) = program.wait()
            if program.isAlone { program.record(code, signal) }
            say("\(code) \(signal)", Word.ended)
        } catch { say(error.text, Word.failed) }
    }

    private static func say(_ text: String, _ word: UInt8) {
        let bytes = [word] + Array(text.utf8)
        _ = unsafe xsys_send(channel, bytes, bytes.count, -1)
    }

    /// The program that runs here.
    private struct Hosted: ~Copyable {
        let pid: Int32
        private let order: ServiceOrder
        private let signals: Int32
        /// What the program writes; -1 when it has closed that.
        private var output: Int32
        private var channelOrNone = channel
        private var log: Descriptor
        private var written: Int
        /// The size of the log when it began.
        private let mark: Int64
        private var killAt: Double?
        /// Whether the other side is gone.
        var isAlone: Bool { channelOrNone < 0 }

        init(_ order: ServiceOrder, signals: Int32) throws(SystemError) {
            let log = try Descriptor(writing: order.service.log, O_APPEND)
            var ends: [Int32] = [0, 0]
            let failure = unsafe xsys_pipe(&ends)
            if failure < 0 { throw SystemError("create a pipe", "", code: -failure) }
            let process = NewProcess(
                output: ends[1], error: ends[1], startsSession: true, diesWithParent: true)
            let environment = EnvironmentBlock.current.setting(
                order.environment.map { ($0.name, $0.value) })
            let pid = ChildProcess.spawn(
                order.arguments, environment: environment, in: order.service.path, as: process)
            close(ends[1])
            if pid < 0 { throw SystemError("start", order.arguments[0], code: -pid) }
            self.pid = pid
            self.order = order
            self.signals = signals
            output = ends[0]
            mark = Files.size(of: order.service.log)
            written = Int(mark)
            self.log = log
        }

        /// Returns exit code (-1 for none) and signal (0 for none), when nothing of the program is left.
        mutating func wait() -> (code: Int32, signal: Int32) {
            let process = xsys_process_descriptor(pid)
            var status: Int32 = 0
            while true {
                var polled = [
                    pollfd(fd: process, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: channelOrNone, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                ]
                unsafe _ = poll(&polled, nfds_t(polled.count), timeout(process))
                if polled[3].revents != 0 { copyOutput() }
                if process < 0 || polled[0].revents != 0, unsafe xsys_wait(pid, false, &status) == 0 { break }
                xsys_reap_others(pid)
                if polled[1].revents != 0 { hear() }
                if polled[2].revents != 0, xsys_next_signal(signals) > 0 { stop() }
                if let at = killAt, Monotonic.seconds >= at { kill(-pid, SIGKILL) }
            }
            endRest()
            return (xsys_exit_code(status), xsys_signal(status))
        }

        /// Orphans of the program are waited for now and then.
        private func timeout(_ process: Int32) -> Int32 { process < 0 || killAt != nil ? 50 : 1000 }

        private mutating func stop() {
            if killAt != nil { return }
            killAt = Monotonic.seconds + ServiceHost.grace
            kill(-pid, SIGTERM)
        }

        private mutating func hear() {
            var (word, passed): (UInt8, Int32) = (0, -1)
            if unsafe xsys_receive(channelOrNone, &word, 1, &passed, true) > 0 {
                if word == Word.stop { stop() }
                return
            }
            // The other side is gone.
            channelOrNone = -1
            if !order.stays { stop() }
        }

        private mutating func copyOutput() {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe Glibc.read(output, $0.baseAddress, $0.count)
            }
            guard count > 0 else {
                if count == 0 {
                    close(output)
                    output = -1
                }
                return
            }
            if written + count > ServiceHost.mostLog {
                let path = order.service.log
                try? Files.rename(path, to: "\(path).1")
                if let fresh = try? Descriptor(writing: path, O_APPEND) {
                    log = fresh
                    written = 0
                }
            }
            // A log that cannot be written does not stop a service.
            try? log.write(Array(chunk[..<count]), path: order.service.log)
            written += count
        }

        /// Writes how it ended: nobody else sees it.
        func record(_ code: Int32, _ signal: Int32) {
            guard var record = ServiceRecord.read(order.service), record.host?.pid == getpid() else { return }
            let reason = ServiceEnd.reason(code: code, signal: signal, wasReady: true)
            record.state =
                killAt == nil
                ? .error(ServiceEnd.quoting(order.service.log, from: mark, after: reason)) : .stopped
            record.host = nil
            // Where it cannot be written it counts as stopped: its host is gone.
            try? record.write(to: order.service)
            RunStatus.settleServices(ofRun: order.service.run)
        }

        /// The last output; then what the program has left behind ends with it.
        private mutating func endRest() {
            kill(-pid, SIGKILL)
            if output >= 0 { _ = fcntl(output, F_SETFL, O_NONBLOCK) }
            var polled = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            while output >= 0, unsafe poll(&polled, 1, 0) > 0, polled.revents & Int16(POLLIN) != 0 {
                let before = written
                copyOutput()
                if written == before { break }
            }
            for _ in 0..<100 {
                let children = Self.children()
                if children.isEmpty { return }
                for child in children { kill(child, SIGKILL) }
                while xsys_reap() > 0 {}
                usleep(2000)
            }
        }

        /// The children of this process (proc(5), task/…/children).
        private static func children() -> [Int32] {
            let text = (try? Files.readText("/proc/self/task/\(getpid())/children", limit: 1 << 16)) ?? ""
            return text.split(separator: " ").compactMap { Int32($0.filter(\.isNumber)) }
        }
    }
}

/// What a host runs.
struct ServiceOrder: Equatable {
    var arguments: [String]
    var environment: [EnvironmentVariable]
    var service: ServiceFolder
    /// Whether it goes on when the other side is gone.
    var stays: Bool

    var json: JSON {
        [
            "arguments": .array(arguments.map(JSON.string)),
            "environment": EnvironmentVariable.json(environment),
            "id": .string(service.id), "run": .string(service.run), "stays": .bool(stays),
        ]
    }

    init(
        arguments: [String], environment: [EnvironmentVariable], service: ServiceFolder, stays: Bool
    ) {
        self.arguments = arguments
        self.environment = environment
        self.service = service
        self.stays = stays
    }

    /// - Returns: nil for bytes that are no order.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes),
            let arguments = json["arguments"]?.array?.compactMap(\.string),
            !arguments.isEmpty, let id = json["id"]?.string, let run = json["run"]?.string
        else { return nil }
        self.init(
            arguments: arguments, environment: EnvironmentVariable.list(json["environment"]),
            service: ServiceFolder(id, in: run), stays: json["stays"] == JSON.bool(true))
    }
}
