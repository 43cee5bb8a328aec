import CSystemShim
import Glibc
import Store
import System
import Text

/// A program that does many jobs one after the other, each in its own folder, and stays between them with
/// what it has loaded.
///
/// On its standard input comes a line of JSON for each job: `folder`, `out` and `err`, the logs that it
/// writes to, and `env`, the variables of the job. On its standard output it answers each with a line,
/// `{"code": 0}`. It does not outlive the runner: jobs end with the process that has their lock.
final class WarmWorker {
    /// What makes two workers the same: the program, and the variables that are not of one job.
    private let key: [String]
    let pid: Int32
    private let requests: Descriptor
    private let replies: Descriptor
    private let process: Descriptor
    private var answer: [UInt8] = []

    /// The descriptor from which answers come.
    var channel: Int32 { replies.number }

    /// A longer answer is none.
    private static let longestAnswer = 1 << 16

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - error: a descriptor for what it says before its first job.
    init(
        _ arguments: [String], environment: [(name: String, value: String)], in folder: String, error: Int32
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
        let output = ends[1]
        replies = Descriptor(owning: ends[0])
        defer { close(output) }
        let block = EnvironmentBlock.current.setting(environment + [("XPM_WORKER", "1")])
        pid = ChildProcess.spawn(
            arguments, environment: block, in: folder,
            as: NewProcess(
                input: input, output: output, error: error, startsSession: true,
                diesWithParent: true))
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
        answer = []
        let request: JSON = [
            "folder": .string(folder.path), "out": .string(folder.output), "err": .string(folder.error),
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

    /// What it answers; call when something has come.
    ///
    /// - Returns: the exit code of the job; nil while the answer is not whole.
    func takeAnswer() -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(replies.number, &buffer, buffer.count)
        if count > 0 { answer += buffer[..<count] }
        guard let end = answer.firstIndex(of: 0x0a) else {
            if answer.count > Self.longestAnswer { answer = [] }
            return nil
        }
        let line = Array(answer[..<end])
        answer.removeSubrange(...end)
        return (try? JSON.parse(line))?["code"]?.int.flatMap { Int32(exactly: $0) } ?? 1
    }

    /// Ends it: nothing is to be done any more.
    func stop() {
        kill(-pid, SIGKILL)
        kill(pid, SIGKILL)
        _ = ChildProcess.wait(for: pid)
    }
}

/// The worker that a runner has at hand.
final class WorkerPlace {
    private var worker: WarmWorker?

    /// Variables that say which job it is: a worker has none of them.
    private static let ofJobs: TextSet = [
        "PWD", "XPM_JOB_DIR", "XPM_PARAMS", "XPM_JOB_ID", "XPM_TASK_ID", "XPM_EVENTS", "XPM_ATTEMPT",
        "XPM_DEADLINE", "XPM_MEMORY", "XPM_ARGUMENTS", TextKey(JobScript.heldVariable),
    ]

    /// A worker for a job; another one that is there ends.
    func worker(
        _ arguments: [String], environment: [(name: String, value: String)], in folder: String, error: Int32
    ) throws(SystemError) -> WarmWorker {
        let shared = environment.filter { !Self.ofJobs.contains($0.name) }
        if let worker, worker.fits(arguments, environment: shared) { return worker }
        end()
        let new = try WarmWorker(arguments, environment: shared, in: folder, error: error)
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
