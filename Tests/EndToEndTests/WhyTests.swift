import Store
import System
import Testing
import Text

/// `xpm why`, `diff`, `describe`, `identity` and what a run says of changed defaults.
@Suite("Reasons", .timeLimit(.minutes(20)))
struct WhyTests {
    private static func script(lr: String = "0.1", hidden: String = "16", dropout: String = "0") -> String {
        """
        local xpm = require "xpm"
        local Opt = xpm.config { id = "w.opt", help = "The optimizer", params = {
          lr = xpm.float { help = "Step size", min = 0 }, dropout = xpm.float { default = \(dropout), ignore_default = true } } }
        local Train = xpm.task { id = "w.train", params = {
          opt = Opt, hidden = xpm.int { default = \(hidden) }, verbose = xpm.bool { default = false, meta = true }, file = xpm.job_path "w" },
          command = { "sh", "{here}/train.sh", "{file}" } }
        local Evaluate = xpm.task { id = "w.evaluate", params = { trained = Train }, command = { "cat", "{trained.file}" } }
        function run(helper, cfg)
          for _, lr in ipairs { \(lr) } do
            Evaluate { trained = Train { opt = Opt { lr = xpm.tag("lr", lr) } }:submit() }:submit()
          end
        end
        """
    }

    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(Self.script(), to: "experiment.lua")
        try bench.write("echo weights >$1\n", to: "train.sh")
        let result = try bench.run("run", "experiment.lua")
        #expect(result.code == 0, "\(result.error)")
        return bench
    }

    @Test("a changed job tells the nearest earlier one and the way to what differs, through its tasks")
    func changed() throws {
        let bench = try bench()
        let nothing = try bench.run("why", "experiment.lua")
        #expect(nothing.output.isEmpty && nothing.error == "2 cached; --all names what is cached\n")
        let all = try bench.run("why", "experiment.lua", "--all")
        #expect(all.output.split(separator: "\n").count == 2 && all.error == "2 cached\n")
        try bench.write(Self.script(lr: "0.01"), to: "experiment.lua")
        let result = try bench.run("why", "experiment.lua")
        #expect(result.code == 0 && result.error == "2 changed\n", "\(result.error)")
        #expect(result.output.contains("    why    opt.lr: 0.1 → 0.01\n"))
        #expect(result.output.contains("    why    trained.opt.lr: 0.1 → 0.01\n"))
        #expect(result.output.contains(" of experiment/2"))
        let dry = try bench.run("run", "--run-mode", "dry-run", "experiment.lua")
        #expect(dry.output.contains("  changed\n") && dry.output.contains("    why    opt.lr: 0.1 → 0.01\n"))
        // Nothing was written.
        #expect(try bench.jobs("w.train").count == 1)
    }

    @Test("the points that a sweep has grown by are new, and near to those it had")
    func grown() throws {
        let bench = try bench()
        try bench.write(Self.script(lr: "0.1, 0.2"), to: "experiment.lua")
        func lines(_ more: String = "--json") throws -> [JSON] {
            try bench.run("why", "--json", "experiment.lua", more).output.split(separator: "\n")
                .map { try JSON.parse(Array($0.utf8)) }
        }
        func states(_ lines: [JSON]) -> [String?] { lines.map { $0["reason"]?["state"]?.string } }
        #expect(states(try lines("--all")) == ["cached", "cached", "new", "new"])
        let fresh = try lines()
        try #require(states(fresh) == ["new", "new"])
        #expect(fresh[0]["reason"]?["differences"]?.array?.first?["path"] == "opt.lr")
        #expect(fresh[0]["reason"]?["differences"]?.array?.first?["old"] == "0.1")
    }

    @Test("a default that has changed is told before the run, and by why")
    func defaults() throws {
        let bench = try bench()
        try bench.write(Self.script(hidden: "32"), to: "experiment.lua")
        let why = try bench.run("why", "experiment.lua", "--job", "w.train")
        #expect(why.output.contains("hidden: 16 → 32 (its default changed)"))
        let result = try bench.run("run", "experiment.lua")
        #expect(
            result.error.contains(
                "warning: w.train.hidden: the default was 16 in the last run, and is 32 now"))
        // Where it does not count for the identity, the results stand, and that is told too.
        try bench.write(Self.script(hidden: "32", dropout: "0.5"), to: "experiment.lua")
        let stale = try bench.run("run", "experiment.lua")
        #expect(
            stale.error.contains(
                "w.opt.dropout: the default was 0.0 in the last run, and is 0.5 now; older results count"))
        let why2 = try bench.run("why", "experiment.lua", "--job", "w.train")
        #expect(why2.output.contains("opt.dropout: 0.0 → 0.5 (its default changed)"))
        #expect(stale.error.contains("2 tasks: 2 cached"))
    }

    @Test("a cached job whose code has changed since stays cached, and why says so")
    func code() throws {
        let bench = try bench()
        try bench.write("echo other >$1\n", to: "train.sh")
        let result = try bench.run("why", "experiment.lua", "--job", "w.train")
        #expect(result.output.contains("  cached\n    since  train.sh changed\n"))
    }

    @Test("so does an edited command; a value of another type is another value")
    func command() throws {
        let bench = try Workbench()
        func script(_ command: String, _ type: String, _ value: String) -> String {
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "k.t", command = "\(command)", params = { k = xpm.\(type) } }
            function run() T { k = \(value) }:submit() end
            """
        }
        try bench.write(script("echo one", "int", "1"), to: "experiment.lua")
        #expect(try bench.run("run", "experiment.lua").code == 0)
        try bench.write(script("echo two", "int", "1"), to: "experiment.lua")
        #expect(try bench.run("why", "experiment.lua").output.contains("    since  its command changed\n"))
        try bench.write(script("echo one", "string", "\"1\""), to: "experiment.lua")
        #expect(try bench.run("why", "experiment.lua").output.contains("    why    k: 1 → \"1\"\n"))
    }

    @Test("diff tells what two jobs have different, and says it by its exit code")
    func diff() throws {
        let bench = try bench()
        try bench.write(Self.script(lr: "0.01"), to: "experiment.lua")
        _ = try bench.run("run", "experiment.lua")
        let jobs = try bench.jobs("w.evaluate").map { Paths.name($0.path) }
        let result = try bench.run("diff", jobs[0], "w.evaluate/\(jobs[1].prefix(8))")
        #expect(result.code == 1)
        #expect(result.output.hasPrefix("trained.opt.lr: "))
        #expect(try bench.run("diff", jobs[0], jobs[0]).code == 0)
        for (word, message) in [
            ("zzzz", "no job 'zzzz' in workspace"),
            ("w.evaluat/\(jobs[0])", "(did you mean 'w.evaluate'?)"),
            ("./nothing", "there is no job in that folder"),
        ] {
            let wrong = try bench.run("diff", word, jobs[0])
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(wrong.error)")
        }
        try bench.write("{}", to: "workspace/jobs/w.evaluate/\(jobs[0])/params.json")
        let damaged = try bench.run("diff", jobs[0], jobs[1])
        #expect(damaged.code == 2 && damaged.error.contains("no version"))
    }

    @Test("describe tells parameters, defaults, limits and help")
    func describe() throws {
        let bench = try bench()
        let list = try bench.run("describe", "experiment.lua")
        #expect(list.output.contains("w.opt       config  The optimizer\n"), "\(list.output)")
        let one = try bench.run("describe", "experiment.lua", "--type", "w.opt")
        #expect(
            one.output.contains("    lr       float  Step size (required; at least 0)\n"), "\(one.output)")
        #expect(one.output.contains("default 0.0; not in the identity at its default"))
        #expect(try bench.run("describe", "w.opt").output == one.output)
        #expect(try bench.run("describe", "experiment.lua", "w.opt").output == one.output)
        let wrong = try bench.run("describe", "experiment.lua", "--type", "w.opd")
        #expect(wrong.code == 2 && wrong.error.contains("no type 'w.opd' (did you mean 'w.opt'?)"))
        let json = try JSON.parse(Array(try bench.run("describe", "--json", "experiment.lua").output.utf8))
        #expect(json.array?.count == 3)
    }

    @Test("identity --explain shows the bytes of each object, and what is left out")
    func identity() throws {
        let bench = try bench()
        let list = try bench.run("identity", "experiment.lua")
        let job = try #require(try bench.jobs("w.train").first)
        #expect(list.output.contains("\(Paths.name(job.path))  w.train\n"))
        let explained = try bench.run("identity", "experiment.lua", "--job", "w.train", "--explain")
        #expect(explained.output.contains("02 3f b9 99 99 99 99 99 9a  float 0.1\n"))
        #expect(explained.output.contains("verbose: meta\n") && explained.output.contains("w.opt "))
        let wrong = try bench.run("identity", "experiment.lua", "--job", "w.trai")
        #expect(
            wrong.code == 2
                && wrong.error.contains("no job of the plan is 'w.trai' (did you mean 'w.train'?)"))
    }
}
