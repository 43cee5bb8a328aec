import Foundation
import Store
import System
import Testing
import Text

@Suite("Wrong input", .timeLimit(.minutes(20)))
struct WrongInputTests {
    @Test(
        "files and values: the place, the words and exit code 2",
        arguments: [
            ("lr: [1, 2\nb: 3\n", "full.yaml:", "not YAML"),
            ("a: 1\na: 2\n", "full.yaml:", "the key 'a' is there twice"),
            ("file: nothere\n", "nothere", "no such script"),
            ("file: experimnt\n", "experimnt", "did you mean 'experiment.lua'?"),
            ("module: no.such\n", "module 'no.such' not found", "no/such.lua"),
            ("imports: [gone.yaml]\n", "full.yaml:1:11", "no file gone.yaml"),
            ("imports: [full.yaml]\n", "full.yaml → full.yaml", "import each other"),
            ("learning_rate: fast\n", "full.yaml:1:16: learning_rate", "expected float, got string \"fast\""),
            (
                "learning_rat: 1\n", "full.yaml:1:",
                "unknown key 'learning_rat' (did you mean 'learning_rate'?)"
            ),
            ("id: x\n", "full.yaml:1:1", "missing value 'learning_rate'"),
            ("learning_rate: 1\ngrid_serach: {}\n", "full.yaml:2", "did you mean 'grid_search'?"),
            ("learning_rate: 1\nid: a/b\n", "full.yaml:2:5", "cannot name a folder"),
            ("learning_rate: 1\ndirty_git: maybe\n", "full.yaml:2:12", "expected ignore, warn or error"),
            ("learning_rate: 1\ngrid_search: {a: []}\n", "full.yaml:2:18", "a: there are no values"),
            (
                "learning_rate: ${env:NO_SUCH_VARIABLE_X}\n", "full.yaml:1:16",
                "no variable 'NO_SUCH_VARIABLE_X'"
            ),
            ("file: a\nmodule: b\n", "full.yaml:2:9", "exclude each other"),
            ("luapath: 3\n", "full.yaml:1:10", "expected a list of folders"),
            ("learning_rate: .nan\n", "full.yaml:1:16", "NaN has no identity"),
        ])
    func files(_ yaml: String, _ place: String, _ words: String) throws {
        let bench = try Workbench()
        try bench.write(
            """
            local xpm = require "xpm"
            return xpm.experiment { configuration = xpm.configuration { learning_rate = xpm.float }, run = function() end }
            """, to: "experiment.lua")
        try bench.write(yaml, to: "full.yaml")
        let result = try bench.run("run", "full.yaml")
        #expect(result.code == 2)
        #expect(result.error.contains(place) && result.error.contains(words), "\(result.error)")
        #expect(result.output.isEmpty && !Files.exists("\(bench.folder)/workspace"))
    }

    @Test("options: usage errors have exit code 64, wrong values 2")
    func options() throws {
        let bench = try Workbench()
        try bench.write("function run() end", to: "experiment.lua")
        #expect(try bench.run("run").code == 64)
        #expect(try bench.run("run", "a", "b", "c").code == 64)
        #expect(try bench.run("run", "experiment.lua", "-j", "0").code == 64)
        #expect(try bench.run("run", "experiment.lua", "--run-mode", "fast").code == 64)
        for (words, message) in [
            (["runn", "x.lua"], "no command 'runn' (did you mean 'run'?)"),
            (["jobs", "lst"], "no command 'lst' (did you mean 'list'?)"),
            (["results", "e", "--top", "-1"], "--top needs a number from 1"),
        ] {
            let (process, tag) = try bench.start(words)
            let wrong = try bench.finish(process, tag)
            #expect(wrong.code == 64 && wrong.error.contains(message), "\(words): \(wrong)")
        }
        let help = try bench.run("help", "jobs", "lsit")
        #expect(help.code == 64 && help.error.contains("no command 'lsit' (did you mean 'list'?)"))
        #expect(try bench.run("help", "jobs", "list").output.contains("USAGE: xpm jobs list"))
        let missing = try bench.run("run", "experimet.lua")
        #expect(
            missing.code == 2 && missing.error.contains("no such script (did you mean 'experiment.lua'?)"))
        #expect(try bench.run("run", "experiment.lua", "nothere.yaml").code == 2)
        let conf = try bench.run("run", "experiment.lua", "-c", "a.b")
        #expect(conf.code == 2 && conf.error.contains("-c a.b: expected name=value"))
        #expect(try bench.run("--version").output == "xpm 0.1.0\n")
        for help in [["--help"], ["run", "--help"], ["init", "--help"], ["help", "run"]] {
            let (process, tag) = try bench.start(help)
            let result = try bench.finish(process, tag)
            #expect(result.code == 0 && result.output.contains("xpm") && result.output.contains("Example"))
        }
        for shell in ["bash", "zsh", "fish"] {
            let result = try bench.run("--generate-completion-script", shell)
            #expect(result.code == 0 && result.output.contains("run-mode"))
        }
    }

    @Test("a workspace that cannot be made, and one that is busy")
    func workspace() throws {
        let bench = try Workbench()
        try bench.write("function run() end", to: "experiment.lua")
        try bench.write("a file", to: "file")
        let result = try bench.run("run", "--workdir", "file/ws", "experiment.lua")
        #expect(
            result.code == 2 && result.error.contains("file/ws") && result.error.contains("ENOTDIR"),
            "\(result.error)")
        // A mount that cannot be written is refused to root too.
        let readOnly = try bench.run("run", "--workdir", "/proc/xpm", "experiment.lua")
        #expect(readOnly.code == 2 && readOnly.error.contains("/proc/xpm"))
        try bench.write(
            "local xpm = require 'xpm'\nfunction run() local t = os.time() while os.time() < t + 30 do end end",
            to: "slow.lua")
        let (process, tag) = try bench.start(["run", "slow.lua"])
        #expect(try bench.wait { FileLock.isHeld("\(bench.folder)/workspace/experiments/slow/lock") })
        let busy = try bench.run("run", "slow.lua")
        #expect(
            busy.code == 2 && busy.error.contains("is running already: process \(process.processIdentifier)"))
        process.interrupt()
        #expect(try bench.finish(process, tag).code == 130)
        #expect(try bench.run("run", "experiment.lua").code == 0)
    }
}
