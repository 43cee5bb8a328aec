import Engine
import Store
import System
import Text

/// Lines, for a pipe, a file or a log: what ends is told at once.
final class PlainConsole: Console {
    private let report: TextReport
    private let output = TextReport(style: .standardOutput)
    private let isQuiet: Bool
    private let stream: StandardStream

    /// - Parameter stream: what the lines go to.
    init(isQuiet: Bool, stream: StandardStream = .error) {
        self.isQuiet = isQuiet
        self.stream = stream
        report = TextReport(style: stream == .error ? .standardError : .standardOutput)
    }

    func observe(_ event: RunEvent) {
        switch event {
        case .status(let spec, .failed(let outcome)):
            tell(JobStatus.failed(outcome).name, spec, outcome.text)
        case .status(let spec, .done) where !isQuiet: tell("done", spec)
        case .status(let spec, .blocked) where !isQuiet: tell("blocked", spec)
        case .status(let spec, .queued(let reason)) where !isQuiet: tell("waiting", spec, reason)
        case .status(let spec, .held) where !isQuiet: tell("held", spec)
        case .retrying(let spec, let outcome) where !isQuiet:
            tell(TextReport.again(report.name(spec), outcome.text, Int64(outcome.attempt)))
        case .changed(let spec, let change) where !isQuiet && change != .hold: tell(change.text, spec)
        case .waitingForRelease(let count): tell(TextReport.held(count))
        case .stopping(let count): tell(StopText.of(count))
        case .service(let id, let url) where !isQuiet: tell(TextReport.line("service", id, url))
        case .warning(let text): tell("warning: \(text)")
        default: break
        }
    }

    func planned(_ jobs: [PlannedTask]) { StandardStream.output.write(output.planned(jobs)) }

    func close(_ result: RunReport) {
        StandardStream.error.write(report.failures(result.failures))
        if !isQuiet, !result.isUntold { StandardStream.error.write(report.summary(result)) }
        StandardStream.output.write(output.results(result.results))
    }

    private func tell(_ word: String, _ spec: JobSpec, _ reason: String? = nil) {
        tell(TextReport.line(word, report.name(spec), reason))
    }

    private func tell(_ line: String) { stream.write(line + "\n") }
}

/// What Ctrl-C does, in words.
enum StopText {
    static func of(_ count: Int) -> String {
        switch count {
        case 1: "stopping: nothing more is launched; waiting for the running jobs (Ctrl-C again stops them)"
        case 2: "stopping the running jobs (Ctrl-C again: leave them running)"
        default: "leaving: the running jobs live on, and the next run takes them over"
        }
    }
}
