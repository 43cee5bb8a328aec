import Engine
import Inventory
import Model
import Store
import System
import Text

/// Prints what the programs of jobs have printed, of one job after the other. It has a thread of its own:
/// standard output may take its time.
final class OutputPrinter: RunObserver {
    enum Order {
        /// A job's output when it has ended.
        case asTheyEnd
        /// The jobs in the order of the plan.
        case asPlanned
        /// As it comes, with what goes to standard error: for a single job.
        case live
    }

    private struct State {
        var news: [(spec: JobSpec, status: JobStatus?)] = []
        var isOver = false
        var hasPrinted = false
        var last: JobStatus?
    }

    let order: Order
    private let state = Monitor(State())

    init(_ order: Order) throws(SystemError) {
        self.order = order
        try NewThread.start { [self] in
            work()
            state.change { $0.hasPrinted = true }
        }
    }

    func observe(_ event: RunEvent) {
        state.change { state in
            switch event {
            case .submitted(let spec): state.news.append((spec, nil))
            case .status(let spec, let status):
                state.last = status
                state.news.append((spec, status))
            case .finished: state.isOver = true
            default: break
            }
        }
    }

    /// Waits until all is printed.
    func finish() {
        state.change { $0.isOver = true }
        state.wait { $0.hasPrinted ? () : nil }
    }

    /// The exit code of the program of a single job that has failed.
    var exitCode: Int32? {
        guard case .failed(let outcome)? = state.withLock({ $0.last }) else { return nil }
        return outcome.exitCode ?? outcome.signal.map { 128 + $0 }
    }

    // MARK: Its thread

    private func work() {
        var pending: [JobNumber] = []
        var first = 0
        var ended: [JobNumber: JobSpec?] = [:]
        var logs: [FollowedLog] = []
        while true {
            var news: [(spec: JobSpec, status: JobStatus?)] = []
            var isOver = false
            // What runs is looked at now and then.
            if logs.isEmpty {
                (news, isOver) = state.wait { state in
                    guard !state.news.isEmpty || state.isOver else { return nil }
                    defer { state.news = [] }
                    return (state.news, state.isOver)
                }
            } else {
                _ = state.wait(milliseconds: Self.interval) { !$0.news.isEmpty || $0.isOver }
                (news, isOver) = state.withLock { state in
                    defer { state.news = [] }
                    return (state.news, state.isOver)
                }
            }
            for (spec, status) in news {
                guard let status else {
                    pending.append(spec.number)
                    continue
                }
                if order == .live, status == .running, logs.isEmpty {
                    logs = [
                        FollowedLog(spec.folder.output, .output), FollowedLog(spec.folder.error, .error),
                    ]
                }
                guard status.isFinal else { continue }
                let hasRun = status.hasRun
                switch order {
                case .live:
                    if logs.isEmpty, hasRun {
                        logs = [
                            FollowedLog(spec.folder.output, .output), FollowedLog(spec.folder.error, .error),
                        ]
                    }
                case .asTheyEnd: if hasRun { Self.printOutput(of: spec) }
                case .asPlanned: ended[spec.number] = .some(hasRun ? spec : nil)
                }
            }
            if order == .asPlanned {
                while first < pending.count, let spec = ended.removeValue(forKey: pending[first]) {
                    if let spec { Self.printOutput(of: spec) }
                    first += 1
                }
            }
            for index in logs.indices { logs[index].print() }
            if isOver { return }
        }
    }

    /// Milliseconds between two looks at what is running.
    private static let interval = 20

    private static func printOutput(of spec: JobSpec) {
        var log = FollowedLog(spec.folder.output, .output)
        log.print()
    }
}

/// A log of which is printed what is new.
private struct FollowedLog {
    let path: String
    let stream: StandardStream
    private var offset = 0

    init(_ path: String, _ stream: StandardStream) {
        self.path = path
        self.stream = stream
    }

    mutating func print() {
        // One that is empty goes when its job is done.
        guard let file = try? Descriptor(reading: path) else { return }
        while let bytes = try? file.read(at: offset, count: 1 << 16, path: path), !bytes.isEmpty {
            offset += bytes.count
            stream.write(bytes: bytes)
        }
    }
}

extension JobStatus {
    /// Whether its program has run, in this run or before.
    fileprivate var hasRun: Bool {
        switch self {
        case .cached, .done, .failed: true
        default: false
        }
    }
}
