import ArgumentParser
import Inventory
import Store
import System
import Text

struct ResultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "results",
        abstract: "Show the results of an experiment as a table.",
        discussion: """
            Rows are the tags that vary, or those of --rows; a cell sums up all jobs that have its values: mean ± standard deviation, or \
            what --stat says. Names that are no tags are parameters, such as model.hidden. A cell without a result tells what its jobs do.

            Examples:
              xpm results iris --metric accuracy --over seed
              xpm results iris --rows lr --cols model --over seed --best max
              xpm results iris --format csv >iris.csv
            """)

    @Argument(help: "The experiment.", completion: Completion.experiments) var experiment: String
    @OptionGroup var workspace: WorkspaceOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Parameters that have a row for each value.", valueName: "name"),
        completion: Completion.parameters)
    var rows: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Parameters that have a column for each value.", valueName: "name"),
        completion: Completion.parameters)
    var cols: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Which results (default: all).", valueName: "name"), completion: Completion.metrics
    )
    var metric: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Parameters that are summed up, such as seed.", valueName: "name"),
        completion: Completion.parameters)
    var over: [String] = []

    @Option(help: "What a cell tells: mean (± std), median, min, max, std, count, ci (mean ± 95 %).")
    var stat: Statistic = .mean

    @Option(
        help: ArgumentHelp("Sort by a parameter, or by a result in the first column.", valueName: "name"))
    var sort: String?

    @Option(
        help: ArgumentHelp(
            "Of a result that is logged: last, max or min over its steps, best (as --best says), or that at a step.",
            valueName: "which"))
    var step: StepChoice = .last

    @Flag(help: "With --sort: from the greatest down.")
    var descending = false

    @Option(help: ArgumentHelp("Sort by the first result, the best first: max or min.", valueName: "which"))
    var best: Best?

    @Option(parsing: .unconditional, help: ArgumentHelp("Only the first rows.", valueName: "n"))
    var top: Int?

    @Option(help: ArgumentHelp("Only jobs that fit, as of xpm jobs list.", valueName: "filter"))
    var filter: String?

    @Option(help: "text, csv, json, markdown, latex.")
    var format: ResultFormat = .text

    @Flag(help: "The same as --format json.")
    var json = false

    @Flag(help: "Jobs of earlier runs too.")
    var everyRun = false

    @Flag(help: "Show it again whenever something has changed, until the run is over.")
    var watch = false

    func validate() throws {
        if let top, top < 1 { throw ValidationError("--top needs a number from 1.") }
        if best != nil, sort != nil || descending { throw ValidationError("Give --best or --sort.") }
        if step == .best, best == nil { throw ValidationError("--step best needs --best max or --best min.") }
        if descending, sort == nil { throw ValidationError("--descending goes with --sort.") }
        if json, ![.text, .json].contains(format) { throw ValidationError("Give --json or --format.") }
    }

    func run() throws {
        do throws(Failure) {
            if watch { try follow() } else { StandardStream.output.write(data: try text()) }
        } catch { throw error.reported() }
    }

    private func text() throws(Failure) -> String {
        let query = JobQuery(
            workspace: workspace, experiment: experiment, filter: filter, everyRun: everyRun,
            tellsOfEarlier: true)
        var request = ResultTable.Request()
        request.rows = rows.isEmpty ? nil : rows.flatMap(Self.names)
        request.columns = cols.flatMap(Self.names)
        request.metrics = metric.isEmpty ? nil : metric.flatMap(Self.names)
        request.over = over.flatMap(Self.names)
        let counted = step.step(best: best)
        let points = Parallel.map(try query.jobs().reversed()) { ResultPoint($0, step: counted) }
        do throws(ResultTable.Problem) {
            var table = try ResultTable(points, request)
            if let sort { try table.sort(by: sort, descending: descending, stat.value) }
            if let best, let first = table.metrics.first {
                try table.sort(by: first, descending: best == .max, stat.value)
            }
            if let top { table.cut(to: top) }
            for note in table.notes where !watch { Failure.warn(note) }
            return ResultText(table: table, statistic: stat).text(json ? .json : format)
        } catch { throw .message("\(experiment): \(error.text)\(step.hint)") }
    }

    /// `a,b` as two names.
    static func names(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    /// Shows the table anew when it has changed: on a terminal in place of the last one.
    private func follow() throws(Failure) {
        let place = try ExperimentFiles.existingWorkspace(workspace, experiment: experiment)
        let lock = place.lock(ofExperiment: experiment)
        var last = ""
        while true {
            // Asked first: what was there before the end is told.
            let goesOn = FileLock.isHeld(lock)
            let now: String
            do throws(Failure) { now = try text() } catch {
                // There may be none yet.
                if !goesOn { throw error }
                now = ""
            }
            if now != last {
                let isTerminal = StandardStream.output.isTerminal
                let lines = last.count { $0 == "\n" }
                let back = isTerminal && lines > 0 ? "\u{1b}[\(lines)A\r\u{1b}[J" : ""
                let gap = isTerminal || last.isEmpty ? "" : "\n"
                StandardStream.output.write(bytes: Array((back + gap).utf8))
                StandardStream.output.write(data: now)
                last = now
            }
            if !goesOn { return }
            Clock.sleep(milliseconds: 500)
        }
    }
}
