package import Store
package import System
import Text

/// The launchers of a run as one: each job goes to its own, what is for all goes to all.
package final class LauncherSet: Launcher {
    private let direct: any Launcher
    private let others: TextMap<any Launcher>

    /// - Parameters:
    ///   - direct: runs jobs that ask for no other; watches those that are held, and records outcomes.
    ///   - others: by the names of the launchers.
    package init(direct: any Launcher, others: [(name: String, launcher: any Launcher)]) {
        self.direct = direct
        self.others = TextMap(texts: others.map { ($0.name, $0.launcher) })
    }

    private var all: [any Launcher] { [direct] + others.values }

    package func begin(report: @escaping @Sendable (LaunchEvent) -> Void) {
        for launcher in all { launcher.begin(report: report) }
    }

    package func submit(_ requests: [LaunchRequest]) {
        var own: TextMap<[LaunchRequest]> = [:]
        var rest: [LaunchRequest] = []
        for request in requests {
            if let name = request.job.demand?.batch?.launcher {
                own[name, default: []].append(request)
            } else {
                rest.append(request)
            }
        }
        if !rest.isEmpty { direct.submit(rest) }
        for name in own.orderedKeys { others[name]?.submit(own[name] ?? []) }
    }

    package func watch(_ job: JobSpec) { direct.watch(job) }

    package func withdraw(_ jobs: [JobNumber]) { for launcher in all { launcher.withdraw(jobs) } }

    package func leave(_ number: JobNumber) { for launcher in all { launcher.leave(number) } }

    package func record(_ outcome: Outcome, of job: JobSpec) throws(SystemError) {
        try direct.record(outcome, of: job)
    }

    package func cancel(_ jobs: [JobNumber]?, force: Bool) {
        for launcher in all { launcher.cancel(jobs, force: force) }
    }

    package func end() { for launcher in all { launcher.end() } }
}
