import ArgumentParser
import LuaBridge
import Settings
import System
import Text

struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "sweep",
        abstract: "Show the points of a sweep, without planning or running anything.",
        discussion: """
            Those of grid_search in the YAML file, of lists where the schema says xpm.sweep, and of --sweep and --zip.

            Examples:
              xpm sweep full.yaml --sweep lr=1e-3,1e-4 --sweep seed=1..5
              xpm sweep full.yaml --sample 20 --seed 7 --format csv
            """)

    @OptionGroup var script: ScriptOptions
    @OptionGroup var sweep: SweepOptions
    @Option(help: "text, csv, json, markdown, latex.") var format: ResultFormat = .text
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        try script.requireFiles()
        if json, ![.text, .json].contains(format) { throw ValidationError("Give --json or --format.") }
    }

    func run() throws {
        do throws(Failure) {
            let (format, json) = (format, json)
            try PlanReader.read(ExperimentFiles(of: script, sweep: sweep), .points) { reader in
                let points = reader.session.sweepPoints
                let objects = points.lazy.map { point in
                    JSON.object(point.map { JSON.Member($0.path, $0.value.json) })
                }
                if format == .json {
                    reader.write(String(decoding: JSON.array(Array(objects)).prettyBytes, as: UTF8.self))
                } else if json {
                    for object in objects where object != [:] { reader.write(object.text + "\n") }
                } else if let first = points.first, !first.isEmpty {
                    let table = TextTable(
                        titles: first.map(\.path), leading: first.count,
                        rows: points.map { $0.map { ($0.value.json.string ?? $0.value.json.text) } },
                        isNumeric: { column in
                            points.allSatisfy { $0[column].value.json.number != nil }
                        })
                    reader.write(table.text(format))
                }
                StandardStream.error.write("\(reader.session.sweepText ?? "nothing is swept")\n")
            }
        } catch { throw error.reported() }
    }
}
