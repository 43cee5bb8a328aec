import ArgumentParser
import Inventory
import Plot
import System
import Text

struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "plot",
        abstract: "Draw the results of an experiment.",
        discussion: """
            Kinds: line (a result over a parameter, with error bars), box (how a result lies at each value of a parameter), curve (what tasks logged over their steps), scatter (a point for each \
            job), histogram (how often a result lies where), heatmap (a result over two parameters), parallel (every job as a line through \
            its parameters), search (the best value that a search has found so far; its name stands for the experiment's). Without --kind: line.

            Writes an SVG file, or a PNG file where its name ends so (with rsvg-convert, of librsvg2-bin). On a terminal that shows pictures \
            (kitty, iTerm2, WezTerm, Ghostty) and has rsvg-convert, it is shown too.

            Examples:
              xpm plot iris --metric accuracy --x lr --series model --over seed
              xpm plot iris --kind curve --metric loss val_loss --series lr -o loss.png
              xpm plot iris --kind box --metric accuracy --x lr --over seed
              xpm plot iris --kind scatter --x seconds --metric accuracy
              xpm plot iris --kind heatmap --metric accuracy --x lr --y depth
              xpm plot lr --kind search --log-y
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case line, box, curve, scatter, histogram, heatmap, parallel, search
    }

    @Argument(help: "The experiment; of --kind search a search.", completion: Completion.experiments)
    var experiment: String
    @OptionGroup var workspace: WorkspaceOptions
    @Option(help: "line, box, curve, scatter, histogram, heatmap, parallel, search.") var kind: Kind = .line

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Which result (default: the first); curves show several.", valueName: "name"),
        completion: Completion.metrics)
    var metric: [String] = []

    @Option(
        help: ArgumentHelp(
            "The parameter across (default: a number that varies); in a scatter plot a result too.",
            valueName: "name"), completion: Completion.parameters)
    var x: String?

    @Option(
        help: ArgumentHelp("Heat map: the parameter up.", valueName: "name"),
        completion: Completion.parameters)
    var y: String?

    @Option(
        help: ArgumentHelp("A line for each value of a parameter.", valueName: "name"),
        completion: Completion.parameters)
    var series: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Parameters that are summed up, such as seed.", valueName: "name"),
        completion: Completion.parameters)
    var over: [String] = []

    @Option(help: "What a point is: mean (± std), median, min, max, ci (mean ± 95 %).")
    var stat: Statistic = .mean

    @Flag(inversion: .prefixedNo, help: "A logarithmic axis across (default: where it is better to read).")
    var logX: Bool?

    @Flag(help: "A logarithmic axis up.") var logY = false
    @Flag(help: "Heat map: logarithmic colours.") var logZ = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Where the axis up begins.", valueName: "number"))
    var ymin: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("Where the axis up ends.", valueName: "number"))
    var ymax: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("Histogram: how many parts.", valueName: "n"))
    var bins: Int?

    @Option(
        help: ArgumentHelp(
            "Of a result that is logged: last, max or min over its steps, or that at a step.",
            valueName: "which"))
    var step: StepChoice = .last

    @Flag(help: "Curves: failed jobs too.") var failed = false

    @Option(help: ArgumentHelp("Only jobs that fit, as of xpm jobs list.", valueName: "filter"))
    var filter: String?

    @Flag(help: "Jobs of earlier runs too.")
    var everyRun = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file: .svg or .png (default: EXPERIMENT-METRIC.svg, or EXPERIMENT-METRIC-KIND.svg of other kinds than line).",
            valueName: "file"),
        completion: .file(extensions: ["svg", "png"]))
    var output: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Pixels.", valueName: "n")) var width = 720
    @Option(parsing: .unconditional, help: ArgumentHelp("Pixels.", valueName: "n")) var height = 440

    @Flag(help: "A JSON object: which file, and what it shows.")
    var json = false

    func validate() throws {
        guard (200...10_000).contains(width), (150...10_000).contains(height) else {
            throw ValidationError("--width and --height are pixels, from 200 and 150 to 10000.")
        }
        if let output, !Paths.hasExtension(output.lowercased(), "svg", "png") {
            throw ValidationError("--output names an .svg or a .png file.")
        }
        for (isGiven, option, kinds) in [
            (x != nil, "--x", [Kind.line, .box, .scatter, .heatmap]),
            (y != nil, "--y", [.heatmap]),
            (series != nil, "--series", [.line, .box, .curve, .scatter, .histogram]),
            (logX != nil, "--log-x", [.line, .curve, .scatter, .histogram, .search]),
            (logY, "--log-y", [.line, .box, .curve, .scatter, .search]),
            (logZ, "--log-z", [.heatmap]),
            (ymin != nil, "--ymin", [.line, .box, .curve, .scatter, .histogram, .search]),
            (ymax != nil, "--ymax", [.line, .box, .curve, .scatter, .histogram, .search]),
            (!metric.isEmpty, "--metric", Kind.allCases.filter { $0 != .search }),
            (!over.isEmpty, "--over", Kind.allCases.filter { $0 != .search }),
            (filter != nil, "--filter", Kind.allCases.filter { $0 != .search }),
            (everyRun, "--every-run", Kind.allCases.filter { $0 != .search }),
            (bins != nil, "--bins", [.histogram]),
            (failed, "--failed", [.curve]),
            (stat != .mean, "--stat", [.line, .curve, .heatmap]),
            (step != .last, "--step", [.line, .box, .scatter, .histogram, .heatmap, .parallel]),
        ] where isGiven && !kinds.contains(kind) {
            throw ValidationError(
                "\(option) goes with --kind \(kinds.map(\.rawValue).joined(separator: ", ")).")
        }
        for (end, option) in [(ymin, "--ymin"), (ymax, "--ymax")] where end.map({ !$0.isFinite }) ?? false {
            throw ValidationError("\(option) needs a finite number.")
        }
        if let ymin, let ymax, ymin >= ymax { throw ValidationError("--ymin is less than --ymax.") }
        if logY, let end = [ymin, ymax].compactMap(\.self).first, end <= 0 {
            throw ValidationError("A logarithmic axis has no \(NumberText.lua(end)): it begins above 0.")
        }
        if let bins, !(1...1000).contains(bins) { throw ValidationError("--bins is from 1 to 1000.") }
        if step == .best { throw ValidationError("--step is last, max, min or a step.") }
    }

    func run() throws {
        do throws(Failure) {
            var style = LineChart.Style()
            (style.logarithmicX, style.logarithmicY, style.least, style.most) = (logX, logY, ymin, ymax)
            if kind == .search { return try drawSearch(style) }
            let query = JobQuery(
                workspace: workspace, experiment: experiment, filter: filter, everyRun: everyRun,
                tellsOfEarlier: true)
            let counted = step.step(best: nil)
            let points = Parallel.map(try query.jobs().reversed()) { ResultPoint($0, step: counted) }
            let plot = ResultPlot(
                experiment: experiment, points: points, metrics: metric.flatMap(ResultsCommand.names), x: x,
                y: y, series: series,
                over: over.flatMap(ResultsCommand.names), statistic: stat, style: style, logarithmicZ: logZ,
                bins: bins,
                showsFailed: failed)
            let size = PictureSize(width: Double(width), height: Double(height))
            let drawn: ResultPlot.Picture
            do throws(ResultTable.Problem) {
                drawn =
                    switch kind {
                    // A search is drawn above.
                    case .line, .search: try plot.lines(size)
                    case .box: try plot.boxes(size)
                    case .curve: try plot.curves(size)
                    case .scatter: try plot.scatter(size)
                    case .histogram: try plot.histogram(size)
                    case .heatmap: try plot.heatMap(size)
                    case .parallel: try plot.parallel(size)
                    }
            } catch { throw .message("\(experiment): \(error.text)\(step.hint)") }
            for note in drawn.notes { Failure.warn(note) }
            try write(drawn)
        } catch { throw error.reported() }
    }

    private func drawSearch(_ style: LineChart.Style) throws(Failure) {
        let reports = try SearchReport.all(in: ExperimentFiles.workspace(workspace), named: experiment)
        let pictures = try reports.map { report throws(Failure) in
            guard let picture = report.picture else {
                throw .message("search '\(TerminalText.line(experiment))': no trial has a result yet")
            }
            return picture
        }
        guard let first = pictures.first else { return }
        let whole = SearchPicture(
            name: first.name, metric: first.metric, unit: first.unit, isMaximized: first.isMaximized,
            courses: pictures.filter { $0.metric == first.metric && $0.unit == first.unit }.flatMap(\.courses)
        )
        try write(
            ResultPlot.Picture(
                metric: first.metric,
                drawing: whole.drawing(PictureSize(width: Double(width), height: Double(height)), style)))
    }

    private func write(_ drawn: ResultPlot.Picture) throws(Failure) {
        // Two kinds of one result do not have one file.
        let suffix = kind == .line ? "" : "-\(kind.rawValue)"
        let name = experiment.replacing("/", with: "-")
        let path = output ?? "\(name)-\(drawn.metric.replacing("/", with: "-"))\(suffix).svg"
        let file = PictureFile(svg: drawn.drawing.svg)
        try file.write(to: path)
        if json {
            let line: JSON = [
                "file": .string(Paths.absolute(path)), "kind": .string(kind.rawValue),
                "metric": .string(drawn.metric),
            ]
            return StandardStream.output.write(line.text + "\n")
        }
        StandardStream.error.write("wrote \(path)\n")
        file.show()
    }
}
