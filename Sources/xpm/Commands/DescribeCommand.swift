import ArgumentParser
import Engine
import LuaBridge

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Describe the types that an experiment defines: their parameters, defaults and help.",
        discussion: """
            Loads the script without running its plan.

            Examples:
              xpm describe experiment.lua                  all types, a line each
              xpm describe experiment.lua --type iris.train
            """)

    @OptionGroup var experiment: ExperimentOptions

    @Option(help: ArgumentHelp("A type, whole; may be given several times.", valueName: "id"))
    var type: [String] = []

    @Flag(help: "A JSON array of the types.")
    var json = false

    func run() throws {
        do throws(Failure) {
            let (wanted, json) = (type, json)
            try PlanReader.read(experiment, isWholePlan: false) { reader in
                let all = reader.session.types
                let chosen = try Self.choose(wanted, among: all)
                let report = TypeReport(style: .standardOutput)
                if json {
                    let array = JSON.array(chosen.map(report.json))
                    reader.write(String(decoding: array.prettyBytes, as: UTF8.self))
                } else {
                    reader.write(
                        wanted.isEmpty
                            ? report.list(chosen) : chosen.map(report.whole).joined(separator: "\n"))
                }
            }
        } catch { throw error.reported() }
    }

    private static func choose(_ wanted: [String], among all: [ConfigType]) throws(Failure) -> [ConfigType] {
        if wanted.isEmpty { return all }
        var chosen: [ConfigType] = []
        for id in wanted {
            guard let type = all.first(where: { $0.id.lowercased() == id.lowercased() }) else {
                throw .message("no type '\(id)'" + Suggestion.hint(for: id, among: all.map(\.id)))
            }
            chosen.append(type)
        }
        return chosen
    }
}
