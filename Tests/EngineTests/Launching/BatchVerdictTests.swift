import Testing
import Text

@testable import Batch
@testable import Engine
@testable import Store

/// What a job's own outcome and its system's word mean together.
@Suite("Verdicts on batch jobs", .timeLimit(.minutes(20)))
struct BatchVerdictTests {
    /// In a word: the reason, with a star where it is to be written anew; or `again`.
    private func word(_ verdict: BatchVerdict) -> String {
        switch verdict {
        case .outcome(let outcome, let isNew): outcome.reason.rawValue + (isNew ? "*" : "")
        case .vanished: "again"
        }
    }

    @Test(
        "an outcome is as the job says, unless a signal ended it and the system knows why",
        arguments: [
            (Outcome(.done), BatchEnd.Reason.ended, "DONE"),
            (Outcome(.done), .lost, "DONE"), (Outcome(.done), .cancelled, "DONE"),
            (Outcome(.failed, exitCode: 3), .ended, "FAILED"),
            (Outcome(.failed, exitCode: 3), .cancelled, "FAILED"),
            (Outcome(.failed, signal: 9), .ended, "FAILED"),
            (Outcome(.failed, signal: 9), .memory, "MEMORY*"),
            (Outcome(.failed, exitCode: 137), .memory, "MEMORY*"),
            (Outcome(.failed, signal: 15), .lost, "again"),
            (Outcome(.failed, signal: 15), .cancelled, "CANCELLED*"),
            (Outcome(.failed, exitCode: 143), .timeout, "TIMEOUT*"),
            (Outcome(.cancelled), .cancelled, "CANCELLED*"),
            (Outcome(.cancelled), .timeout, "TIMEOUT*"), (Outcome(.cancelled), .lost, "again"),
            // Somebody else's SIGTERM: the node goes down.
            (Outcome(.cancelled), .ended, "again"),
            (Outcome(.timeout), .timeout, "TIMEOUT"), (Outcome(.launch), .ended, "LAUNCH"),
        ])
    func outcomes(_ outcome: Outcome, _ end: BatchEnd.Reason, _ expected: String) {
        #expect(word(BatchVerdict.of(outcome, BatchEnd(end, "X"), title: "Slurm")) == expected)
    }

    @Test("a job that left no outcome is as the system says; one that never began was not launched")
    func silent() {
        func verdict(_ end: BatchEnd, hasBegun: Bool) -> BatchVerdict {
            .ofSilent(end, hasBegun: hasBegun, memory: 7, title: "Slurm", job: "12_3", log: "no such file")
        }
        #expect(word(verdict(BatchEnd(.ended, "FAILED"), hasBegun: true)) == "again")
        #expect(word(verdict(BatchEnd(.lost, "NODE_FAIL"), hasBegun: false)) == "again")
        #expect(word(verdict(BatchEnd(.timeout, "TIMEOUT"), hasBegun: true)) == "TIMEOUT*")
        #expect(word(verdict(BatchEnd(.cancelled, "CANCELLED by 7"), hasBegun: false)) == "CANCELLED*")
        guard
            case .outcome(let outcome, true) = verdict(
                BatchEnd(.ended, "FAILED", exitCode: 127), hasBegun: false)
        else {
            Issue.record("one that never began has an outcome")
            return
        }
        #expect(
            outcome.text
                == "Slurm ended job 12_3 before it began: FAILED, exit code 127: no such file")
    }
}
