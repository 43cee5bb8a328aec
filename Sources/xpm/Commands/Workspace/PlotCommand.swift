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
            Kinds: line (a result over a parameter, with error bars), curve (what tasks logged over their steps), heatmap (a result over two \
            parameters), parallel (every job as a line through its parameters). Without --kind: line.

            Writes an SVG file, or a PNG file where its name ends so (with rsvg-convert, of librsvg2-bin). On a terminal that shows pictures \
            (kitty, iTerm2, WezTerm, Ghostty) and has rsvg-convert, it is shown too.

            Examples:
              xpm plot iris --metric accuracy --x lr --series model --over seed
              xpm plot iris --kind curve --metric loss --series lr -o loss.png
              xpm plot iris --kind heatmap --metric accuracy --x lr --y depth
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable { case line, curve, heatmap, parallel }

    @Argument(help: "The experiment.") var experiment: String
    @OptionGroup var workspace: WorkspaceOptions
    @Option(help: "line, curve, heatmap, parallel.") var kind: Kind = .line

    @Option(help: ArgumentHelp("Which result (default: the first).", valueName: "name"))
    var metric: String?

    @Option(help: ArgumentHelp("The parameter across (default: a number that varies).", valueName: "name"))
    var x: String?

    @Option(help: ArgumentHelp("Heat map: the parameter up.", valueName: "name"))
    var y: String?

    @Option(help: ArgumentHelp("A line for each value of a parameter.", valueName: "name"))
    var series: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Parameters that are summed up, such as seed.", valueName: "name"))
    var over: [String] = []

    @Option(help: "What a point is: mean (± std), median, min, max, ci (mean ± 95 %).")
    var stat: Statistic = .mean

    @Flag(inversion: .prefixedNo, help: "A logarithmic axis across (default: where it is better to read).")
    var logX: Bool?

    @Flag(help: "A logarithmic axis up.") var logY = false

    @Option(help: ArgumentHelp("Only jobs that fit, as of xpm jobs list.", valueName: "filter"))
    var filter: String?

    @Flag(help: "Jobs of earlier runs too.")
    var everyRun = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file: .svg or .png (default: EXPERIMENT-METRIC.svg).", valueName: "file"),
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
        let isMap = kind == .heatmap || kind == .parallel
        for (isGiven, option, kinds, fits) in [
            (x != nil, "--x", "line and heatmap", kind == .line || kind == .heatmap),
            (y != nil, "--y", "heatmap", kind == .heatmap),
            (series != nil, "--series", "line and curve", !isMap),
            (logX != nil, "--log-x", "line and curve", !isMap),
            (logY, "--log-y", "line and curve", !isMap),
            (stat != .mean, "--stat", "line, curve and heatmap", kind != .parallel),
        ] where isGiven && !fits {
            throw ValidationError("\(option) goes with --kind \(kinds).")
        }
    }

    func run() throws {
        do throws(Failure) {
            let query = JobQuery(
                workspace: workspace, experiment: experiment, filter: filter, everyRun: everyRun)
            let points = try query.jobs().reversed().map(ResultPoint.init)
            let plot = ResultPlot(
                experiment: experiment, points: points, metric: metric, x: x, y: y, series: series,
                over: over.flatMap { $0.split(separator: ",").map(String.init) }, statistic: stat,
                logarithmicX: logX, logarithmicY: logY)
            let size = PictureSize(width: Double(width), height: Double(height))
            let drawn: ResultPlot.Picture
            do throws(ResultTable.Problem) {
                drawn =
                    switch kind {
                    case .line: try plot.lines(size)
                    case .curve: try plot.curves(size)
                    case .heatmap: try plot.heatMap(size)
                    case .parallel: try plot.parallel(size)
                    }
            } catch { throw .message("\(experiment): \(error.text)") }
            let path = output ?? "\(experiment)-\(drawn.metric.replacing("/", with: "-")).svg"
            let file = PictureFile(svg: drawn.drawing.svg)
            try file.write(to: path)
            for note in drawn.notes { Failure.warn(note) }
            if json {
                let line: JSON = [
                    "file": .string(Paths.absolute(path)), "kind": .string(kind.rawValue),
                    "metric": .string(drawn.metric),
                ]
                return StandardStream.output.write(line.text + "\n")
            }
            StandardStream.error.write("wrote \(path)\n")
            file.show()
        } catch { throw error.reported() }
    }
}
