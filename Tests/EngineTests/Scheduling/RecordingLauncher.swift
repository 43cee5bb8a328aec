import Engine
import Store
import Synchronization
import System
import Text

/// A launcher that starts nothing: it notes what the scheduler asks of it, and reports what a test says.
final class RecordingLauncher: Launcher {
    enum Call: Equatable {
        /// The numbers of the jobs of one submission, and the memory of each, in bytes.
        case submit([Int], [Int64?])
        case watch(Int)
        case withdraw([Int])
        case leave(Int)
        case record(Int, Outcome.Reason)
        case end
    }

    private struct State {
        var calls: [Call] = []
        var report: (@Sendable (LaunchEvent) -> Void)?
    }

    private let state = Mutex(State())
    /// What happens to a job at once, as with a launcher that is very fast.
    private let answer: @Sendable (LaunchRequest) -> [LaunchEvent]
    /// Why no outcome can be written.
    private let problem: SystemError?

    init(
        problem: SystemError? = nil,
        answer: @escaping @Sendable (LaunchRequest) -> [LaunchEvent] = { _ in [] }
    ) {
        self.answer = answer
        self.problem = problem
    }

    var calls: [Call] { state.withLock { $0.calls } }

    func report(_ event: LaunchEvent) {
        let report = state.withLock { $0.report }
        report?(event)
    }

    private func note(_ call: Call) { state.withLock { $0.calls.append(call) } }

    func begin(report: @escaping @Sendable (LaunchEvent) -> Void) { state.withLock { $0.report = report } }

    func submit(_ requests: [LaunchRequest]) {
        note(.submit(requests.map(\.job.number.index), requests.map(\.memory)))
        for event in requests.flatMap(answer) { report(event) }
    }

    func watch(_ job: JobSpec) { note(.watch(job.number.index)) }

    func withdraw(_ jobs: [JobNumber]) {
        note(.withdraw(jobs.map(\.index)))
        for job in jobs { report(.withdrawn(job)) }
    }

    func leave(_ number: JobNumber) { note(.leave(number.index)) }

    func record(_ outcome: Outcome, of job: JobSpec) throws(SystemError) {
        note(.record(job.number.index, outcome.reason))
        if let problem { throw problem }
    }

    func cancel(_ jobs: [JobNumber]?, force: Bool) {}

    func end() { note(.end) }
}
