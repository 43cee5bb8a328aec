import ArgumentParser
import LuaBridge
import Settings
import System
import Text

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "init",
        abstract: "Write a small experiment to start from.",
        discussion: """
            Writes experiment.lua and full.yaml into DIR (default: the current folder), and xpm.meta.lua, by which editors complete and \
            check experiments. Existing files are left alone.

            --from asks a program what options it has, and makes a task of it: argparse, click, typer and Hydra by themselves, any \
            other by its help text. The program has ten seconds, and no terminal.

            Examples:
              xpm init demo && cd demo && xpm run full.yaml
              xpm init --from 'python3 train.py'
              xpm init study --from './tool evaluate' --run
            """)

    @Argument(help: "The folder; made if it is not there.", completion: .directory)
    var dir = "."

    @Option(
        help: ArgumentHelp(
            "Make a task of a program, whose options it tells; with its subcommand, if it has some.",
            valueName: "command"))
    var from: String?

    @Flag(name: .customLong("run"), help: "With --from: run the experiment, which is one job.")
    var tries = false

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        if dir.isEmpty { throw ValidationError("The folder has no name.") }
        if tries, from == nil { throw ValidationError("--run goes with --from.") }
        if tries, json { throw ValidationError("--run goes without --json.") }
    }

    func run() throws {
        do throws(Failure) {
            guard let from else {
                let yaml = Self.yaml.replacing("id: demo", with: "id: \(Self.id(of: Paths.absolute(dir)))")
                return try write(script: Self.script, yaml)
            }
            let (script, yaml) = try made(from)
            try WrittenFiles.refuseOthers(
                [("experiment.lua", Array(script.utf8)), ("full.yaml", Array(yaml.utf8))],
                in: Paths.absolute(dir),
                "name another folder, as xpm init study --from …")
            try write(script: script, yaml)
        } catch { throw error.reported() }
        if tries { try RunCommand.parse([Paths.shown("\(Paths.absolute(dir))/full.yaml")]).run() }
    }

    /// The script and the configuration that stand for a program.
    private func made(_ from: String) throws(Failure) -> (script: String, yaml: String) {
        let command: LineCommand
        do throws(LineProblem) {
            command = try LineCommand(.text(from))
            if let first = command.placeholders.first {
                throw LineProblem(
                    "--from is the command without values: its options get them", in: from, at: first.place)
            }
            if from.utf8.contains(where: { "|&;<>()$`\n".utf8.contains($0) }) {
                throw LineProblem("--from is one program with its arguments: no shell reads it")
            }
            try LinePlan.checkProgram(command, along: Environment["PATH"])
        } catch { throw Failure(error) }
        let id = command.programName
        let folder = Paths.absolute(dir)
        let here = Paths.current
        switch try ProgramProbe(command).ask() {
        case .options(let description):
            guard description.subcommands.isEmpty else {
                let names = description.subcommands.map { TerminalText.line($0) }
                throw .message(
                    "\(TerminalText.line(from)) has subcommands: name one, as --from '\(TerminalText.line(from)) \(names[0])'; it has \(names.joined(separator: ", "))"
                )
            }
            let script = ProgramScript(description, command, id: id, from: here, in: folder)
            do throws(SettingError) { return (script.lua, try script.yaml()) } catch { throw Failure(error) }
        case .configuration(let setting):
            let script = HydraScript(setting, command, id: id, from: here, in: folder)
            do throws(SettingError) { return (script.lua, try script.yaml()) } catch { throw Failure(error) }
        }
    }

    private func write(script: String, _ yaml: String) throws(Failure) {
        let files = [
            ("experiment.lua", Array(script.utf8)), ("full.yaml", Array(yaml.utf8)),
            (AnnotationsCommand.fileName, EmbeddedText.annotations),
        ]
        let folder = Paths.absolute(dir)
        try WrittenFiles.write(files, to: folder, left: "which is there already", json: json)
        if json || tries { return }
        let move = dir == "." ? "" : "cd \(ShellWords.quote(dir)) && "
        StandardStream.output.write("run it: \(move)xpm run full.yaml\n")
    }

    /// The name of the folder, as YAML has it: two experiments in one workspace do not share one.
    private static func id(of folder: String) -> String {
        let name = Paths.name(folder)
        guard (try? ExperimentSettings.check(id: name, at: .none)) != nil else { return "demo" }
        let isPlain = name.utf8.allSatisfy { $0.isLetter || $0.isDigit || "-_.".utf8.contains($0) }
        let isText = (try? PlainScalar(name)) == .string(name)
        return isPlain && isText ? name : JSON.string(name).text
    }

    private static let script = """
        local xpm = require "xpm"

        -- A task: its parameters are its identity. The same task is never run twice.
        local Estimate = xpm.task {
          id = "demo.estimate",
          help = "Estimates pi by throwing darts",
          params = {
            darts = xpm.int { min = 1, help = "How many darts" },
            seed = xpm.int { default = 1 },
          },
          execute = function(self)
            math.randomseed(self.seed)
            local hits = 0
            for dart = 1, self.darts do
              local x, y = math.random(), math.random()
              if x * x + y * y < 1 then
                hits = hits + 1
              end
              if dart % 10000 == 0 then
                self:progress(dart / self.darts)
              end
            end
            self:result { pi = 4 * hits / self.darts }
          end,
        }

        -- What full.yaml may contain.
        local Configuration = xpm.configuration {
          darts = xpm.list(xpm.int) { default = { 1000 }, help = "Numbers of darts to try" },
          seeds = xpm.int { default = 3, help = "How many seeds each" },
        }

        -- The plan: ordinary code.
        local function run(helper, cfg)
          for _, darts in ipairs(cfg.darts) do
            for seed = 1, cfg.seeds do
              Estimate { darts = xpm.tag(darts), seed = xpm.tag(seed) }:submit()
            end
          end
        end

        return xpm.experiment { configuration = Configuration, run = run }

        """

    private static let yaml = """
        id: demo
        file: experiment
        darts: [1000, 10000, 100000]
        seeds: 3

        """
}
