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
        var printing = OutputPrinting(order)
        var isAbandoned = false
        while true {
            let (news, isOver) = next(isFollowing: printing.isFollowing)
            for (spec, status) in news { printing.take(spec, status) }
            printing.print()
            if isOver { return }
            if !isAbandoned, StandardStream.output.isAbandoned {
                isAbandoned = true
                abandoned()
            }
        }
    }

    /// What has happened; waited for, unless something that runs is looked at now and then.
    private func next(isFollowing: Bool) -> (news: [(spec: JobSpec, status: JobStatus?)], isOver: Bool) {
        func take(_ state: inout State) -> (news: [(spec: JobSpec, status: JobStatus?)], isOver: Bool) {
            defer { state.news = [] }
            return (state.news, state.isOver)
        }
        guard isFollowing else {
            return state.wait { !$0.news.isEmpty || $0.isOver ? take(&$0) : nil }
        }
        _ = state.wait(milliseconds: Self.interval) { !$0.news.isEmpty || $0.isOver }
        return state.withLock(take)
    }

    /// Milliseconds between two looks at what is running.
    private static let interval = 20
}

/// What is printed next, by what has happened.
private struct OutputPrinting {
    private let order: OutputPrinter.Order
    /// The jobs in the order of the plan, and how many of them are printed.
    private var planned: [JobNumber] = []
    private var printed = 0
    /// Those that have ended before their turn; nil for one that has not run.
    private var ended: [JobNumber: JobSpec?] = [:]
    private var logs: [FollowedLog] = []

    init(_ order: OutputPrinter.Order) { self.order = order }

    /// Whether something that runs is printed as it comes.
    var isFollowing: Bool { !logs.isEmpty }

    /// - Parameter status: nil for a job that was submitted.
    mutating func take(_ spec: JobSpec, _ status: JobStatus?) {
        guard let status else { return planned.append(spec.number) }
        if order == .live, status == .running {
            // Another attempt has logs of its own; those of the one before are open, whatever they are called now.
            for log in logs { log.print() }
            logs = [
                FollowedLog(spec.folder.output, .output, after: logs.first),
                FollowedLog(spec.folder.error, .error, after: logs.last),
            ]
        }
        guard status.isFinal else { return }
        switch order {
        case .live where logs.isEmpty && status.hasRun:
            logs = [FollowedLog(spec.folder.output, .output), FollowedLog(spec.folder.error, .error)]
        case .live: break
        case .asTheyEnd: if status.hasRun { Self.printOutput(of: spec) }
        case .asPlanned: ended[spec.number] = .some(status.hasRun ? spec : nil)
        }
    }

    mutating func print() {
        while printed < planned.count, let spec = ended.removeValue(forKey: planned[printed]) {
            if let spec { Self.printOutput(of: spec) }
            printed += 1
        }
        for log in logs { log.print() }
    }

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
