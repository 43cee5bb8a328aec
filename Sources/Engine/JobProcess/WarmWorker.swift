import CSystemShim
import Glibc
import Store
import System
import Text

/// A program that does many jobs one after the other, each in its own folder, and stays between them with
/// what it has loaded.
///
/// On its standard input comes a line of JSON for each job: `folder`, `out` and `err`, the logs that it
/// writes to, `env`, the variables of the job, and `id`, a number. On descriptor 3 it answers each with a line,
/// `{"id": 1, "code": 0}`: what it prints is no answer. It does not outlive the runner: jobs end with the
/// process that has their lock.
final class WarmWorker {
    /// What makes two workers the same: the program, and the variables that are not of one job.
    private let key: [String]
    let pid: Int32
    private let requests: Descriptor
    private let replies: Descriptor
    private let process: Descriptor
    private var received: [UInt8] = []
    /// The number of the job that it has.
    private var number: Int64 = 0

    /// What it says of its job.
    enum Answer: Equatable {
        /// The exit code of the job.
        case code(Int32)
        /// What is no answer, or one to another job: nobody knows what the worker does.
        case broken(String)
    }

    /// The descriptor from which answers come.
    var channel: Int32 { replies.number }

    /// A longer answer is none.
    private static let longestAnswer = 1 << 16
    /// Where it writes them.
    private static let answerDescriptor: Int32 = 3

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - output: descriptors for what it says before its first job, `error` too.
    init(
        _ arguments: [String], environment: [(name: String, value: String)], in folder: String,
        output: Int32, error: Int32
    ) throws(SystemError) {
        key = Self.key(arguments, environment)
        // A socket, into which this process can write without being killed when the worker is gone.
        var sockets: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &sockets) == 0 else {
            throw SystemError("create a socket", "", code: errno)
        }
        let input = sockets[0]
        requests = Descriptor(owning: sockets[1])
        defer { close(input) }
        var ends: [Int32] = [-1, -1]
        let failure = unsafe xsys_pipe(&ends)
        if failure < 0 { throw SystemError("create a pipe", "", code: -failure) }
        let answers = ends[1]
        replies = Descriptor(owning: ends[0])
        defer { close(answers) }
        let block = EnvironmentBlock.current.setting(environment + [(ProcessRecord.workerVariable, "1")])
        pid = ChildProcess.spawn(
            arguments, environment: block, in: folder,
            as: NewProcess(
                input: input, output: output, error: error, kept: answers, keptAs: Self.answerDescriptor,
                startsSession: true, diesWithParent: true))
        if pid < 0 { throw SystemError("start", arguments[0], code: -pid) }
        process = Descriptor(owning: xsys_process_descriptor(pid))
    }

    private static func key(_ arguments: [String], _ environment: [(name: String, value: String)]) -> [String]
    {
        arguments + [""] + environment.map { "\($0.name)=\($0.value)" }.sorted(by: ByteOrder.less)
    }

    /// Whether it can do a job of such a program.
    func fits(_ arguments: [String], environment: [(name: String, value: String)]) -> Bool {
        key == Self.key(arguments, environment) && isAlive
    }

    private var isAlive: Bool {
        var polled = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, 0) == 0
    }

    /// Gives it a job.
    func begin(_ folder: JobFolder, environment: [(name: String, value: String)]) {
        received = []
        number += 1
        let request: JSON = [
            "id": .int(number), "folder": .string(folder.path), "out": .string(folder.output),
            "err": .string(folder.error),
            "env": .object(environment.map { .init($0.name, .string($0.value)) }),
        ]
        var line = request.bytes
        line.append(0x0a)
        // One that has died meanwhile is seen by whoever waits for it.
        var rest = line[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe send(requests.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// What it answers; call when something has come, or when it has ended.
    ///
    /// - Returns: nil while the answer is not whole.
    func takeAnswer() -> Answer? {
        var polled = pollfd(fd: replies.number, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&polled, 1, 0) > 0, polled.revents & Int16(POLLIN) != 0 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe Glibc.read(replies.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            received += buffer[..<count]
            if received.count > Self.longestAnswer { break }
        }
        guard let end = received.firstIndex(of: 0x0a) ?? (received.count > Self.longestAnswer ? 200 : nil)
        else { return nil }
        let line = Array(received[..<end])
        guard end == received.count - 1, let json = try? JSON.parse(line), json["id"]?.int == number,
            let code = json["code"]?.int, (0...255).contains(code)
        else { return .broken(String(decoding: received.prefix(200), as: UTF8.self).trimmed.description) }
        return .code(Int32(code))
    }

    /// Ends it: nothing is to be done any more. One that has ended has a number that may be another's.
    func stop() {
        if isAlive {
            kill(-pid, SIGKILL)
            kill(pid, SIGKILL)
        }
        _ = ChildProcess.wait(for: pid)
    }
}

/// The worker that a runner has at hand.
final class WorkerPlace {
    private var worker: WarmWorker?

    /// Variables that say which job it is: a worker has none of them.
    private static let ofJobs: TextSet = [
        "PWD", "XPM_JOB_DIR", "XPM_PARAMS", "XPM_JOB_ID", "XPM_TASK_ID", "XPM_EVENTS", "XPM_ATTEMPT",
        "XPM_DEADLINE", "XPM_MEMORY", "MASTER_PORT", TextKey(JobScript.argumentsVariable),
        TextKey(JobScript.heldVariable),
    ]

    /// A worker for a job; another one that is there ends.
    func worker(
        _ arguments: [String], environment: [(name: String, value: String)], in folder: String,
        output: Int32, error: Int32
    ) throws(SystemError) -> WarmWorker {
        let shared = environment.filter { !Self.ofJobs.contains($0.name) }
        if let worker, worker.fits(arguments, environment: shared) { return worker }
        end()
        let new = try WarmWorker(arguments, environment: shared, in: folder, output: output, error: error)
        worker = new
        return new
    }

    /// Ends the one that is there.
    func end() {
        worker?.stop()
        worker = nil
    }

    /// The process is gone.
    func forget() { worker = nil }
}
