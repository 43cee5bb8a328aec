import ArgumentParser
import LuaBridge
import Model
import System
import Text

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "describe",
        abstract: "Describe the types that an experiment defines: their parameters, defaults and help.",
        discussion: """
            Loads the script without running its plan. A word that is no file is a type; without a file, the script is experiment.lua.

            Examples:
              xpm describe experiment.lua                  all types, a line each
              xpm describe experiment.lua iris.train
              xpm describe iris.train
            """)

    @OptionGroup var script: ScriptOptions

    @Option(help: ArgumentHelp("A type, whole; may be given several times.", valueName: "id"))
    var type: [String] = []

    @Flag(help: "A JSON array of the types.")
    var json = false

    func validate() throws { try script.requireKeys(ScriptOptions.keysOfCode) }

    func run() throws {
        do throws(Failure) {
            let (options, types) = try sorted()
            let (wanted, json) = (types, json)
            try PlanReader.read(ExperimentFiles(of: options), .types) { reader in
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

    /// The words that are files, and those that are types.
    private func sorted() throws(Failure) -> (ScriptOptions, [String]) {
        var options = script
        func isFile(_ word: String) -> Bool {
            Paths.hasExtension(word, "lua", "yaml", "yml")
                || ["", ".lua", ".yaml", ".yml"].contains { Files.kind(word + $0) == .file }
        }
        options.files = script.files.filter(isFile)
        let types = script.files.filter { !isFile($0) } + type
        if options.files.isEmpty, options.file == nil, options.moduleName == nil {
            options.files = ["experiment.lua"]
            if let word = types.first, !Files.exists("experiment.lua") {
                throw .message(
                    "'\(word)' is no file, and there is no experiment.lua here whose types could have that name"
                )
            }
        }
        return (options, types)
    }

    private static func choose(_ wanted: [String], among all: [ConfigType]) throws(Failure) -> [ConfigType] {
        if wanted.isEmpty { return all }
        var chosen: [ConfigType] = []
        for id in wanted {
            guard let type = all.first(where: { $0.id.lowercased() == id.lowercased() }) else {
                throw .message("no type '\(id)'" + Suggestion.hint(for: id, among: all.map(\.id)))
            }
            if !chosen.contains(where: { $0 === type }) { chosen.append(type) }
        }
        return chosen
    }
}
