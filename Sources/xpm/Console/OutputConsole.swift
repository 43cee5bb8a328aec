import Engine
import Store
import System
import Text

/// A run whose jobs' output is what is read: everything else goes to standard error, and is short.
final class OutputConsole: Console {
    private let printer: OutputPrinter
    private let inner: PlainConsole
    private let report = TextReport(style: .standardError)
    private let isQuiet: Bool

    init(_ printer: OutputPrinter, isQuiet: Bool) {
        self.printer = printer
        self.isQuiet = isQuiet
        inner = PlainConsole(isQuiet: true)
    }

    func observe(_ event: RunEvent) {
        printer.observe(event)
        // A single job has said by itself why it failed.
        if printer.order == .live, case .status = event { return }
        inner.observe(event)
    }

    func planned(_ jobs: [PlannedTask]) { inner.planned(jobs) }

    func close(_ result: RunReport) {
        printer.finish()
        if printer.order == .live {
            for failure in result.failures {
                StandardStream.error.write(
                    TextReport.line("failed", report.name(failure.spec), failure.outcome.text) + "\n")
            }
        } else {
            StandardStream.error.write(report.failures(result.failures))
            if !isQuiet, !result.isUntold { StandardStream.error.write(report.summary(result)) }
        }
        if !isQuiet, StandardStream.error.isTerminal, let table = RunEnding(result).table {
            StandardStream.error.write(table)
        }
    }
}
