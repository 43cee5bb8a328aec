import Text

/// How many jobs of a run stand where.
package struct JobCounts: Sendable, Equatable {
    package var submitted = 0
    /// Done before this run, or by another.
    package var cached = 0
    package var done = 0
    package var failed = 0
    /// Stopped by somebody.
    package var cancelled = 0
    /// Not run because one that they need failed.
    package var blocked = 0
    /// Not run because the run ended before their turn.
    package var notRun = 0
    /// Not run because the run is not for jobs of their kind.
    package var left = 0
    package var running = 0
    /// Of those that wait, how many miss nothing but a free slot.
    package var ready = 0
    /// Of those that wait, how many are held back.
    package var held = 0

    package init() {}

    package var finished: Int { cached + done + failed + cancelled + blocked + notRun + left }
    package var waiting: Int { submitted - finished - running }

    /// By the names of their states, as `status.json` has them; those that no job is in are left out.
    package var byState: [(state: String, count: Int)] {
        [
            ("blocked", blocked), ("cancelled", cancelled), ("done", done + cached), ("failed", failed),
            ("held", held), ("not run", notRun + left), ("ready", ready), ("running", running),
            ("waiting", waiting - held - ready),
        ].filter { $0.1 > 0 }
    }
}

/// How a run ended: worked out once, when all is over, and told to all who follow it.
package struct RunEnd: Sendable, Equatable {
    package enum State: String, Sendable {
        case done, failed, interrupted
    }

    package let state: State
    package let counts: JobCounts
    /// Why it failed, where that is not only for jobs that did; a line.
    package let reason: String?
    /// Of `xpm run`, and of `xpm attach`.
    package let exitCode: Int32

    /// - Parameters:
    ///   - problem: why the plan, or a service that the run requires, has failed.
    ///   - isInterrupted: whether somebody asked it to stop.
    package init(_ counts: JobCounts, problem: String? = nil, isInterrupted: Bool = false) {
        self.counts = counts
        reason = problem?.lines.first { !$0.isEmpty }.map(String.init)
        (state, exitCode) =
            if isInterrupted {
                (.interrupted, 130)
            } else if problem != nil {
                (.failed, 2)
            } else if counts.failed + counts.cancelled + counts.blocked > 0 {
                (.failed, 1)
            } else {
                (.done, 0)
            }
    }
}
