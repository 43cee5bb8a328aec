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
    /// What is done where nobody reads standard output any more.
    private let abandoned: @Sendable () -> Void

    /// - Parameter abandoned: called once nobody reads standard output any more.
    init(_ order: Order, abandoned: @escaping @Sendable () -> Void) throws(SystemError) {
        self.order = order
        self.abandoned = abandoned
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
        var isAbandoned = false
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
                if order == .live, status == .running {
                    // Another attempt has logs of its own; those of the one before are open, whatever they are called now.
                    for log in logs { log.print() }
                    logs = [
                        FollowedLog(spec.folder.output, .output, after: logs.first),
                        FollowedLog(spec.folder.error, .error, after: logs.last),
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
            for log in logs { log.print() }
            if isOver { return }
            if !isAbandoned, StandardStream.output.isAbandoned {
                isAbandoned = true
                abandoned()
            }
        }
    }

    /// Milliseconds between two looks at what is running.
    private static let interval = 20

    private static func printOutput(of spec: JobSpec) {
        FollowedLog(spec.folder.output, .output).print()
    }
}

/// A log of which is printed what is new.
private final class FollowedLog {
    private let path: String
    private let stream: StandardStream
    /// Kept open: a log that another attempt follows gets another name.
    private var file: Descriptor?
    private var offset = 0
    /// That of the attempt before, whose file has the name until the next one begins its own.
    private let former: FollowedLog?

    init(_ path: String, _ stream: StandardStream, after former: FollowedLog? = nil) {
        self.path = path
        self.stream = stream
        self.former = former
    }

    func print() {
        // One that is empty goes when its job is done.
        if file == nil {
            if former?.file?.isAt(path) ?? false { return }
            file = try? Descriptor(reading: path)
        }
        while let bytes = try? file?.read(at: offset, count: 1 << 16, path: path), !bytes.isEmpty {
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
