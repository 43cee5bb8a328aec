import Foundation
import Store
import System
import Testing
import Text

/// Steps that prepare, and actions for later.
@Suite("Prepare and actions", .timeLimit(.minutes(20)))
struct PrepareTests {
    private static let script = """
        local xpm = require "xpm"
        local Data = xpm.prepare { id = "p.data", params = { name = xpm.string },
          execute = function(self)
            local file = assert(io.open("log", "a"))
            file:write(self.name, "\\n") file:close()
          end }
        local Cache = xpm.prepare { id = "p.cache", params = {},
          is_prepared = function(self) local f = io.open("cache") if f then f:close() end return f ~= nil end,
          command = "echo made >>{jobdir}/../../../../cache.log; : >{jobdir}/../../../../cache" }
        local Model = xpm.config { id = "p.model", params = { data = Data } }
        local Train = xpm.task { id = "p.train", params = { model = Model, cache = Cache, n = xpm.int },
          command = { "echo", "{model.data.name}", "{n}" } }
        local Export = xpm.action { id = "p.export", params = { trained = Train },
          describe = function(self) return "exports number " .. self.trained.n end,
          execute = function(self, ask)
            local name = ask:text("name", "Which name?", { default = "model" })
            local form = ask:choice("form", "Which form?", { "csv", "json" })
            local loud = ask:checkbox("loud", "Loudly?")
            print(self.trained.n, name, form, loud)
          end }
        function run(helper)
          local data = Data { name = "iris" }
          local trained
          for n = 1, 3 do trained = Train { model = Model { data = data }, cache = Cache {}, n = n }:submit() end
          helper.xp:add_action(Export { trained = trained })
          helper.xp:add_action(Export { trained = trained }, "again")
        end
        """

    @Test("--run-mode prepare runs only the steps that prepare; each runs once, before what needs it")
    func prepare() throws {
        let bench = try Workbench()
        try bench.write(Self.script, to: "p.lua")
        let only = try bench.run("run", "--run-mode", "prepare", "p.lua")
        #expect(only.code == 0 && only.error.contains("5 tasks: 2 done, 3 not run"), "\(only.error)")
        #expect(try bench.jobs("p.train").isEmpty)
        #expect(try bench.run("experiments", "list").output.contains("  done  "))
        let whole = try bench.run("run", "p.lua")
        #expect(whole.code == 0 && whole.error.contains("5 tasks: 3 done, 2 cached"), "\(whole.error)")
        #expect(try Files.readText("\(bench.jobs("p.data")[0].path)/log") == "iris\n")
        // What it made is gone, and it says so; another that is done stays done.
        try Files.remove("\(bench.folder)/cache")
        let again = try bench.run("run", "p.lua")
        #expect(again.code == 0 && again.error.contains("5 tasks: 1 done, 4 cached"), "\(again.error)")
        #expect(try bench.read("cache.log") == "made\nmade\n")
    }

    @Test("a step is a parameter like a config: the identity is the same, and nothing has to be submitted")
    func identity() throws {
        let bench = try Workbench()
        try bench.write(Self.script, to: "p.lua")
        try bench.write(
            Self.script.replacing("Data = xpm.prepare", with: "Data = xpm.config")
                .replacing("p.prepare", with: "p.config"), to: "c.lua")
        let identities = try ["p.lua", "c.lua"].map { file in
            try bench.run("run", "--run-mode", "dry-run", "--json", file).output.split(separator: "\n")
                .compactMap { try JSON.parse(Array($0.utf8)) }
                .filter { $0["task"] == "p.train" }.compactMap { $0["id"]?.string }
        }
        #expect(identities[0].count == 3 && identities[0] == identities[1])
    }

    @Test("actions are listed and done after the run, with answers given beforehand")
    func actions() throws {
        let bench = try Workbench()
        try bench.write(Self.script, to: "p.lua")
        #expect(try bench.run("run", "-q", "p.lua").code == 0)
        // The files that were kept count, not what they are now.
        try bench.write("error 'not this one'", to: "p.lua")
        #expect(
            try bench.run("actions", "list", "p").output
                == "again   exports number 3\nexport  exports number 3\n")
        let done = try bench.run("actions", "run", "p", "export", "--set", "form=json", "--set", "loud=yes")
        #expect(done.output == "3\tmodel\tjson\ttrue\n", "\(done.error)")
        for (arguments, message) in [
            (["export"], "error: Which form?: no answer; give --set form=… (one of csv, json)\n"),
            (["export", "--set", "form=xml"], "error: --set form=xml: expected one of csv, json\n"),
            (
                ["export", "--set", "frm=csv"],
                "warning: --set frm: the action did not ask for it (did you mean 'form'?)"
            ),
            (["exprt"], "p offers no action 'exprt' (did you mean 'export'?)"),
        ] {
            let (process, tag) = try bench.start(["actions", "run", "p"] + arguments)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(wrong.error)")
        }
        // On a terminal it asks.
        let asked = try bench.run(
            "-c", "printf 'x\\n7\\n2\\n\\n' | script -qefc '\(Workbench.xpm) actions run p export' /dev/null",
            program: "/bin/sh", environment: ["NO_COLOR": "1"])
        #expect(
            asked.output.contains("Which name? [model]: ")
                && asked.output.contains("expected one of csv, json"))
        #expect(asked.output.contains("3\tx\tjson\tfalse"), "\(asked.output)")
    }
}
