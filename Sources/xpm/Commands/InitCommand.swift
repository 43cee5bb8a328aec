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

            Example:
              xpm init demo && cd demo && xpm run full.yaml
            """)

    @Argument(help: "The folder; made if it is not there.", completion: .directory)
    var dir = "."

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        if dir.isEmpty { throw ValidationError("The folder has no name.") }
    }

    func run() throws {
        do throws(Failure) { try write() } catch { throw error.reported() }
    }

    private func write() throws(Failure) {
        let yaml = Self.yaml.replacing("id: demo", with: "id: \(Self.id(of: Paths.absolute(dir)))")
        let files = [
            ("experiment.lua", Array(Self.script.utf8)), ("full.yaml", Array(yaml.utf8)),
            (AnnotationsCommand.fileName, EmbeddedText.annotations),
        ]
        let folder = Paths.absolute(dir)
        try Failure.onDisk { () throws(SystemError) in
            try Files.makeFolder(folder)
            for (name, content) in files {
                let path = "\(folder)/\(name)"
                let isNew = try Files.create(path, with: content)
                let line: JSON = ["path": .string(path), "written": .bool(isNew)]
                StandardStream.output.write(
                    json
                        ? line.text + "\n"
                        : isNew
                            ? "wrote \(Paths.shown(path))\n"
                            : "left \(Paths.shown(path)), which is there already\n")
            }
        }
        if json { return }
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
