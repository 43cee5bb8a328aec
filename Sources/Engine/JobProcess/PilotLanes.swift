import CSystemShim
import Glibc
import System
import Text

/// A process of a pilot that has several jobs at a time: one job after the other, beside its like.
struct PilotLane {
    private static let numberVariable = "XPM_PILOT_LANE"
    private static let beganVariable = "XPM_PILOT_BEGAN"

    let number: Int
    /// When the pilot began, on the clock of `Monotonic`.
    let began: Double

    /// What this process is; nil where it is none.
    static var current: PilotLane? {
        guard let number = Environment[numberVariable].flatMap({ Int($0) }),
            let began = Environment[beganVariable].flatMap({ Double($0) })
        else { return nil }
        return PilotLane(number: number, began: began)
    }

    /// Its programs are not told.
    static func forget() {
        Environment.remove(numberVariable)
        Environment.remove(beganVariable)
    }

    fileprivate var variables: [(name: String, value: String)] {
        [(Self.numberVariable, String(number)), (Self.beganVariable, String(began))]
    }
}

/// The lanes of a pilot. Each has an equal part of the allocation's GPUs; cores and memory are the allocation's,
/// of which each job uses what it has asked for.
struct PilotLanes {
    private let count: Int
    private let began: Double
    private let command: [String]
    /// The lanes, by their processes.
    private var running: [Int32: Int] = [:]
    /// How often each lane was started again.
    private var restarts: [Int: Int] = [:]
    private static let mostRestarts = 10
    /// Those that have left, with the size that the list of jobs had then.
    private var left: [Int: Int64] = [:]
    /// The list of jobs, to which the run may add.
    private let list: String
    /// What the launcher's setup has started.
    private let others: Set<Int32>

    /// - Parameter command: that of this very process.
    init(count: Int, began: Double, command: [String], list: String) {
        self.list = list
        others = ProcessTree.children(of: getpid())
        self.count = count
        self.began = began
        self.command = command
    }

    /// Starts them, and waits until all have left.
    ///
    /// - Parameter signals: where this process's own come from: they are passed on.
    mutating func run(until signals: Int32) throws(SystemError) {
        for number in 0..<count { try startOrGoOn(number) }
        var isStopping = false
        while !running.isEmpty {
            var status: Int32 = 0
            let ended = unsafe waitpid(-1, &status, WNOHANG)
            if ended > 0, let number = running.removeValue(forKey: ended) {
                guard xsys_signal(status) > 0 else {
                    left[number] = Files.size(of: list)
                    continue
                }
                // Killed: what it was doing runs again, and its part of the allocation is used again.
                endOrphans()
                if !isStopping, restarts[number, default: 0] < Self.mostRestarts {
                    restarts[number, default: 0] += 1
                    try startOrGoOn(number)
                }
                continue
            }
            if ended < 0, errno == ECHILD { return }
            var polled = pollfd(fd: signals, events: Int16(POLLIN), revents: 0)
            unsafe _ = poll(&polled, 1, 50)
            while case let number = xsys_next_signal(signals), number > 0 {
                guard number != SIGWINCH else { continue }
                // Slurm sends that one where somebody has asked for it.
                isStopping = isStopping || number != SIGUSR2
                for pid in running.keys { kill(pid, number) }
            }
            if !isStopping, !left.isEmpty { try startAgain() }
        }
    }

    /// Lanes that had nothing to do come back when the list has more.
    private mutating func startAgain() throws(SystemError) {
        let size = Files.size(of: list)
        for (number, before) in left where size > before {
            left[number] = nil
            try startOrGoOn(number)
        }
    }

    /// - Throws: where there is no other lane.
    private mutating func startOrGoOn(_ number: Int) throws(SystemError) {
        do throws(SystemError) { try start(number) } catch { if running.isEmpty { throw error } }
    }

    /// Ends the program of a lane that was killed: it comes to this process.
    private func endOrphans() {
        // One that the kernel does not let go is not waited for.
        for _ in 0..<100 {
            let orphans = ProcessTree.children(of: getpid()).subtracting(running.keys).subtracting(others)
            if orphans.isEmpty { return }
            for one in ProcessTree.all(below: orphans) { kill(one, SIGKILL) }
            for one in orphans { waitpid(one, nil, WNOHANG) }
            Clock.sleep(milliseconds: 10)
        }
    }

    private mutating func start(_ number: Int) throws(SystemError) {
        var variables = PilotLane(number: number, began: began).variables
        let ofROCR = Environment["ROCR_VISIBLE_DEVICES"].flatMap { Self.part(number, of: $0, among: count) }
        if let ofROCR { variables.append(("ROCR_VISIBLE_DEVICES", ofROCR)) }
        for name in ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"] {
            // HIP counts what ROCR leaves.
            let place = ofROCR == nil || name.hasPrefix("CUDA") ? number : 0
            if let part = Environment[name].flatMap({ Self.part(place, of: $0, among: count) }) {
                variables.append((name, part))
            }
        }
        let (pid, _) = ChildProcess.start(
            command, environment: EnvironmentBlock.current.setting(variables),
            in: nil, as: NewProcess(output: 1, error: 2, diesWithParent: true))
        if pid < 0 { throw SystemError("start", command[0], code: -pid) }
        running[pid] = number
    }

    /// The devices of one lane: `0,1,2,3` among two is `0,1` and `2,3`.
    static func part(_ number: Int, of devices: String, among count: Int) -> String? {
        let all = devices.split(separator: ",").map(\.trimmed)
        let each = all.count / max(1, count)
        // Fewer than there are lanes: these jobs ask for none.
        guard each > 0 else { return nil }
        return all[(number * each)..<((number + 1) * each)].joined(separator: ",")
    }
}
