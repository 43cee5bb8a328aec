import Foundation
import Store
import System
import Testing
import Text

/// Each option of each command changes something: what is written, the exit code, or the files.
///
/// The table is checked against the help, so that an option without a case fails.
@Suite("Options", .timeLimit(.minutes(20)))
struct OptionTests {
    /// What shows that an option does something.
    private enum Case {
        /// The command with these words differs from the one without them.
        case changes([String])
        /// The same for other words of the command.
        case with(base: [String], [String])
        /// The same where the two share no words.
        case differs([String], [String])
        /// A test that has the option among the words of the command.
        case elsewhere
    }

    private static let shared: [String: Case] = [
        "--workdir": .changes(["--workdir", "nowhere"]), "--workspace": .changes(["--workspace", "n"]),
        "--json": .changes(["--json"]),
    ]

    private static let ofJobs: [String: Case] = [
        "--experiment": .changes(["-e", "second"]), "--filter": .changes(["--filter", "seed = 1"]),
        "--every-run": .changes(["--every-run"]),
    ]

    private static let ofScripts: [String: Case] = [
        "--conf": .changes(["-c", "seeds=1"]), "--pre-yaml": .changes(["--pre-yaml", "pre.yaml"]),
        "--post-yaml": .changes(["--post-yaml", "post.yaml"]),
        "--file": .changes(["--file", "another.lua"]),
        "--module-name": .changes(["--module-name", "another"]),
    ]

    private static let ofSweeps: [String: Case] = [
        "--sweep": .changes(["--sweep", "lr=0.1,0.2"]),
        "--zip": .changes(["--zip", "lr=0.1,0.2", "seeds=1,2"]),
    ]

    private static func sampling(_ base: [String]) -> [String: Case] {
        let swept = base + ["--sweep", "lr=0.1,0.2,0.3,0.4,0.5,0.6"]
        return [
            "--sample": .with(base: swept, ["--sample", "2"]),
            "--seed": .with(base: swept + ["--sample", "2"], ["--seed", "5"]),
        ]
    }

    private static let dry = ["run", "full.yaml", "--run-mode", "dry-run"]

    /// The cases by the commands; beside each the words of the plain command.
    private static let table: [(command: String, base: [String], cases: [[String: Case]])] = [
        (
            "run", dry,
            [
                shared, ofScripts, ofSweeps, sampling(dry),
                [
                    "--env": .differs(
                        ["run", "-q", "full.yaml", "-c", "lr=0.7"],
                        ["run", "-q", "full.yaml", "-c", "lr=0.7", "--env", "A=1"]),
                    "--launcher": .changes(["--launcher", "nosuch"]),
                    "--search": .elsewhere, "--minimize": .elsewhere, "--maximize": .elsewhere,
                    "--trials": .elsewhere,
                    "--parallel": .elsewhere,
                    "--run-mode": .differs(["run", "full.yaml"], dry), "--dry-run": .elsewhere,
                    "--jobs": .differs(
                        ["run", "-q", "-j", "2", "slow.lua"], ["run", "-q", "-j", "1", "slow.lua"]),
                    "--fail-fast": .with(base: ["run", "-j", "1", "failing.lua"], ["--fail-fast"]),
                    "--check-outputs": .changes(["--check-outputs"]), "--refresh": .elsewhere,
                    "--detach": .elsewhere, "--detach-to": .elsewhere, "--wait": .elsewhere,
                    "--notify": .with(base: ["run", "-q", "full.yaml"], ["--notify", "echo told >told"]),
                    "--show": .with(base: ["run", "full.yaml"], ["--show"]),
                    "--provenance": .with(base: ["run", "full.yaml", "--show"], ["--provenance"]),
                    "--quiet": .with(base: ["run", "full.yaml"], ["-q"]),
                ],
            ]
        ),
        (
            "do", ["do", "echo {x}", "x=1,2", "--dry-run"],
            [
                shared,
                [
                    "--workdir": .with(base: ["do", "echo {x}", "x=1,2"], ["--workdir", "nowhere"]),
                    "--workspace": .with(base: ["do", "echo {x}", "x=1,2"], ["--workspace", "n"]),
                    "--zip": .with(
                        base: ["do", "echo {x} {y}", "x=1,2", "--dry-run"], ["--zip", "y=3,4"]),
                    "--sample": .changes(["--sample", "1"]),
                    "--seed": .with(
                        base: ["do", "echo {x}", "x=uniform:0..1", "--sample", "2", "--dry-run"],
                        ["--seed", "5"]),
                    "--search": .elsewhere, "--minimize": .elsewhere, "--maximize": .elsewhere,
                    "--trials": .elsewhere,
                    "--parallel": .elsewhere,
                    "--id": .changes(["--id", "another"]), "--out": .elsewhere, "--result": .elsewhere,
                    "--with-code": .elsewhere, "--no-strict": .elsewhere, "--strict": .elsewhere,
                    "--requires": .changes(["--requires", "cpu(cores=1)"]),
                    "--tokens": .elsewhere, "--retries": .elsewhere,
                    "--launcher": .changes(["--launcher", "nosuch"]),
                    "--env": .elsewhere,
                    "--jobs": .differs(
                        ["do", "-q", "-j", "2", "sleep 0.5; echo {x}", "x=1,2", "--id", "two"],
                        ["do", "-q", "-j", "1", "sleep 0.5; echo {x}", "x=1,2", "--id", "one"]),
                    "--stdout": .elsewhere, "--keep-order": .elsewhere, "--write": .elsewhere,
                    "--run-mode": .differs(
                        ["do", "echo {x}", "x=1,2"], ["do", "echo {x}", "x=1,2", "--run-mode", "dry-run"]),
                    "--dry-run": .differs(
                        ["do", "echo {x}", "x=1,2"], ["do", "echo {x}", "x=1,2", "--dry-run"]),
                    "--fail-fast": .elsewhere, "--detach": .elsewhere, "--detach-to": .elsewhere,
                    "--wait": .elsewhere, "--quiet": .with(base: ["do", "echo {x}", "x=1,2"], ["-q"]),
                ],
            ]
        ),
        (
            "sweep", ["sweep", "full.yaml", "--sweep", "extra=1,2"],
            [
                shared, ofScripts, ofSweeps, sampling(["sweep", "full.yaml"]),
                [
                    // The points are those of other values.
                    "--conf": .with(base: ["sweep", "swept.yaml"], ["-c", "lr=3"]),
                    "--pre-yaml": .with(base: ["sweep", "full.yaml"], ["--pre-yaml", "swept.yaml"]),
                    "--post-yaml": .with(base: ["sweep", "full.yaml"], ["--post-yaml", "swept.yaml"]),
                    "--file": .with(base: ["sweep", "swept.yaml"], ["--file", "another.lua"]),
                    "--module-name": .with(base: ["sweep", "swept.yaml"], ["--module-name", "another"]),
                    "--format": .changes(["--format", "csv"]),
                ],
            ]
        ),
        (
            "why", ["why", "full.yaml"],
            [
                shared, ofScripts, ofSweeps, sampling(["why", "full.yaml"]),
                [
                    "--env": .changes(["--env", "A=1"]), "--job": .changes(["--job", "o.eval"]),
                    "--launcher": .changes(["--launcher", "nosuch"]), "--all": .changes(["--all"]),
                ],
            ]
        ),
        ("diff", ["diff", "o.train/FIRST", "o.train/SECOND"], [shared]),
        (
            "describe", ["describe", "full.yaml"],
            [
                shared, ofScripts,
                [
                    "--conf": .changes(["-c", "file=another"]),
                    "--pre-yaml": .with(base: ["describe", "plain.yaml"], ["--pre-yaml", "other.yaml"]),
                    "--post-yaml": .changes(["--post-yaml", "other.yaml"]),
                    "--type": .changes(["--type", "o.train"]),
                ],
            ]
        ),
        (
            "identity", ["identity", "full.yaml"],
            [
                shared, ofScripts, ofSweeps, sampling(["identity", "full.yaml"]),
                [
                    // A plan may load what another experiment has saved.
                    "--workdir": .with(base: ["identity", "loading.lua"], ["--workdir", "other"]),
                    "--workspace": .with(base: ["identity", "loading.lua"], ["--workspace", "o"]),
                    "--job": .changes(["--job", "o.eval"]), "--explain": .changes(["--explain"]),
                ],
            ]
        ),
        (
            "monitor", ["monitor", "js", "--json"],
            [
                shared,
                [
                    "--ascii": .elsewhere, "--read-only": .elsewhere, "--json": .elsewhere,
                    "--web": .elsewhere,
                    "--host": .elsewhere, "--port": .elsewhere,
                ],
            ]
        ),
        ("attach", ["attach", "js"], [shared]),
        ("stop", ["stop", "js"], [shared, ["--now": .elsewhere, "--json": .elsewhere]]),
        (
            "actions list", ["actions", "list", "js"],
            [shared, ["--run": .changes(["--run", "20200101_000000"])]]
        ),
        (
            "actions run", ["actions", "run", "js", "export"],
            [
                shared,
                ["--run": .changes(["--run", "20200101_000000"]), "--set": .changes(["--set", "name=y"])],
            ]
        ),
        (
            "code", ["code", "FIRST"],
            [shared, ["--restore": .changes(["--restore", "then"]), "--diff": .changes(["--diff"])]]
        ),
        (
            "services list", ["services", "list", "js"],
            [shared, ["--run": .changes(["--run", "20200101_000000"])]]
        ),
        (
            "services start", ["services", "start", "js/broken"],
            [shared, ["--run": .changes(["--run", "20200101_000000"])]]
        ),
        (
            "services stop", ["services", "stop", "js"],
            [shared, ["--run": .changes(["--run", "20200101_000000"])]]
        ),
        (
            "services restart", ["services", "restart", "js/broken"],
            [shared, ["--run": .changes(["--run", "20200101_000000"])]]
        ),
        (
            "services log", ["services", "log", "js/broken"],
            [
                shared,
                [
                    "--run": .changes(["--run", "20200101_000000"]), "--lines": .changes(["-n", "1"]),
                    "--follow": .elsewhere,
                ],
            ]
        ),
        (
            "services open", ["services", "open", "js/broken"],
            [shared, ["--run": .changes(["--run", "20200101_000000"]), "--json": .elsewhere]]
        ),
        ("jobs list", ["jobs", "list"], [shared, ofJobs, ["--count": .changes(["-c", "1"])]]),
        ("jobs show", ["jobs", "show"], [shared, ofJobs]),
        (
            "jobs log", ["jobs", "log", "FIRST"],
            [
                shared, ofJobs,
                [
                    "--filter": .changes(["--filter", "seed = 7"]),
                    "--every-run": .with(base: ["jobs", "log", "OLD", "-e", "js"], ["--every-run"]),
                    "--out": .changes(["--out"]), "--lines": .changes(["-n", "1"]),
                    "--follow": .with(base: ["jobs", "log", "BLOCKED"], ["-f"]),
                ],
            ]
        ),
        ("jobs path", ["jobs", "path"], [shared, ofJobs]),
        ("jobs usage", ["jobs", "usage"], [shared, ofJobs]),
        (
            "jobs hold", ["jobs", "hold", "-e", "js"],
            [shared, ["--experiment": .elsewhere, "--filter": .elsewhere, "--json": .elsewhere]]
        ),
        (
            "jobs release", ["jobs", "release", "-e", "js"],
            [shared, ["--experiment": .elsewhere, "--filter": .elsewhere, "--json": .elsewhere]]
        ),
        (
            "jobs priority", ["jobs", "priority", "1", "-e", "js"],
            [shared, ["--experiment": .elsewhere, "--filter": .elsewhere, "--json": .elsewhere]]
        ),
        (
            "jobs kill", ["jobs", "kill", "-e", "js"],
            [
                shared,
                [
                    "--experiment": .elsewhere, "--filter": .elsewhere, "--json": .elsewhere,
                    "--every-run": .elsewhere, "--perform": .elsewhere,
                ],
            ]
        ),
        (
            "jobs retry", ["jobs", "retry", "-e", "js"],
            [
                shared,
                [
                    "--experiment": .with(
                        base: ["jobs", "retry", "--filter", "@state = failed"], ["-e", "second"]),
                    "--filter": .changes(["--filter", "seed = 1"]),
                    "--every-run": .changes(["--every-run"]),
                    "--launcher": .changes(["--launcher", "nosuch"]),
                    "--group": .differs(
                        ["jobs", "retry", "--group", "1"], ["jobs", "retry", "--group", "7"]),
                    "--at-once": .differs(
                        ["jobs", "retry", "-q", "-j", "2", "-e", "slow"],
                        ["jobs", "retry", "-q", "-j", "1", "-e", "slow"]),
                    "--quiet": .changes(["-q"]),
                ],
            ]
        ),
        (
            "jobs clean", ["jobs", "clean", "-e", "js"],
            [
                shared,
                [
                    "--experiment": .differs(
                        ["jobs", "clean", "-e", "js"], ["jobs", "clean", "-e", "second"]),
                    "--filter": .changes(["--filter", "seed = 1"]),
                    "--every-run": .changes(["--every-run"]), "--perform": .changes(["--perform"]),
                ],
            ]
        ),
        (
            "failures", ["failures"],
            [
                shared, ofJobs,
                ["--filter": .changes(["--filter", "seed = 7"]), "--lines": .changes(["-n", "1"])],
            ]
        ),
        (
            "results", ["results", "js"],
            [
                shared,
                [
                    "--rows": .changes(["--rows", "seed"]), "--cols": .changes(["--cols", "seed"]),
                    "--metric": .changes(["--metric", "acc"]), "--over": .changes(["--over", "seed"]),
                    "--stat": .with(base: ["results", "js", "--rows", "lr"], ["--stat", "max"]),
                    "--sort": .changes(["--sort", "acc"]),
                    "--descending": .with(base: ["results", "js", "--sort", "acc"], ["--descending"]),
                    "--step": .with(base: ["results", "js", "--metric", "rate"], ["--step", "max"]),
                    "--best": .changes(["--best", "max"]),
                    "--top": .changes(["--top", "1"]),
                    "--filter": .changes(["--filter", "seed = 1"]),
                    "--format": .changes(["--format", "csv"]),
                    "--every-run": .changes(["--every-run"]), "--watch": .elsewhere,
                ],
            ]
        ),
        (
            "plot", ["plot", "js", "--metric", "acc", "--x", "seed"],
            [
                shared,
                [
                    "--kind": .differs(
                        ["plot", "js", "--metric", "acc"],
                        ["plot", "js", "--metric", "acc", "--kind", "parallel"]),
                    "--metric": .differs(
                        ["plot", "js", "--metric", "acc"], ["plot", "js", "--metric", "loss"]),
                    "--x": .differs(
                        ["plot", "js", "--metric", "acc", "--x", "lr"],
                        ["plot", "js", "--metric", "acc", "--x", "seed"]),
                    "--y": .differs(
                        ["plot", "js", "--kind", "heatmap", "--metric", "acc", "--x", "seed", "--y", "lr"],
                        ["plot", "js", "--kind", "heatmap", "--metric", "acc", "--x", "seed", "--y", "size"]),
                    "--series": .changes(["--series", "size"]), "--over": .changes(["--over", "lr"]),
                    "--stat": .with(
                        base: ["plot", "js", "--metric", "acc", "--x", "seed", "--over", "lr"],
                        ["--stat", "max"]),
                    "--log-x": .changes(["--log-x"]),
                    "--no-log-x": .with(
                        base: ["plot", "js", "--metric", "acc", "--x", "size"], ["--no-log-x"]),
                    "--log-y": .changes(["--log-y"]), "--filter": .changes(["--filter", "seed < 3"]),
                    "--log-z": .with(
                        base: [
                            "plot", "js", "--kind", "heatmap", "--metric", "acc", "--x", "seed", "--y", "lr",
                        ],
                        ["--log-z"]),
                    "--ymin": .changes(["--ymin", "-3"]), "--ymax": .changes(["--ymax", "70"]),
                    "--bins": .with(
                        base: ["plot", "js", "--kind", "histogram", "--metric", "acc"], ["--bins", "3"]),
                    "--step": .with(
                        base: ["plot", "js", "--metric", "rate", "--x", "seed"], ["--step", "max"]),
                    "--failed": .with(
                        base: ["plot", "js", "--kind", "curve", "--metric", "rate"], ["--failed"]),
                    "--every-run": .changes(["--every-run"]), "--output": .changes(["-o", "picture.svg"]),
                    "--width": .changes(["--width", "500"]), "--height": .changes(["--height", "500"]),
                ],
            ]
        ),
        (
            "search list", ["search", "list"],
            [["--workdir": .elsewhere, "--workspace": .elsewhere, "--json": .elsewhere]]
        ),
        (
            "search show", ["search", "show"],
            [["--workdir": .elsewhere, "--workspace": .elsewhere, "--json": .elsewhere]]
        ),
        (
            "search check", ["search", "check"],
            [["--workdir": .elsewhere, "--workspace": .elsewhere, "--json": .elsewhere]]
        ),
        ("experiments list", ["experiments", "list"], [shared]),
        ("experiments show", ["experiments", "show", "js"], [shared]),
        ("experiments runs", ["experiments", "runs", "js"], [shared]),
        (
            "experiments tag", ["experiments", "tag", "js", "baseline"],
            [shared, ["--run": .elsewhere]]
        ),
        (
            "experiments untag", ["experiments", "untag", "js", "baseline"],
            [shared, ["--run": .elsewhere]]
        ),
        (
            "experiments copy", ["experiments", "copy", "js", "--to", "third"],
            [
                shared,
                [
                    "--to": .differs(
                        ["experiments", "copy", "js", "--to", "third"],
                        ["experiments", "copy", "js", "--to", "fourth"]),
                    "--every-run": .changes(["--every-run"]),
                ],
            ]
        ),
        (
            "experiments delete", ["experiments", "delete", "js"],
            [shared, ["--run": .changes(["--run", "RUN"]), "--perform": .changes(["--perform"])]]
        ),
        ("workspaces list", ["workspaces", "list"], [shared]),
        ("launchers list", ["launchers", "list"], [["--json": .elsewhere]]),
        (
            "launchers generate", ["launchers", "generate", "slurm"],
            [["--print": .elsewhere, "--json": .elsewhere]]
        ),
        (
            "launchers check", ["launchers", "check", "slurm"],
            [
                [
                    "--workdir": .elsewhere, "--workspace": .elsewhere, "--wait": .elsewhere,
                    "--json": .elsewhere,
                ]
            ]
        ),
        (
            "find-launcher", ["find-launcher", "duration=1h"],
            [
                [
                    "--launcher": .changes(["--launcher", "nosuch"]), "--tag": .elsewhere,
                    "--json": .changes(["--json"]),
                ]
            ]
        ),
        ("gc", ["gc"], [shared, ["--perform": .changes(["--perform"])]]),
        (
            "doctor", ["doctor"],
            [
                shared,
                [
                    "--mend": .changes(["--mend"]), "--gone": .changes(["--gone", "ghost"]),
                    "--inodes": .changes(["--inodes"]),
                ],
            ]
        ),
        (
            "deprecated list", ["deprecated", "list", "renamed.lua"],
            [
                shared, ofScripts,
                [
                    "--conf": .with(base: ["deprecated", "list", "renamed.yaml"], ["-c", "file=another"]),
                    "--pre-yaml": .with(
                        base: ["deprecated", "list", "plain.yaml"], ["--pre-yaml", "renamed.yaml"]),
                    "--post-yaml": .with(
                        base: ["deprecated", "list", "renamed.yaml"], ["--post-yaml", "other.yaml"]),
                    "--file": .changes(["--file", "experiment.lua"]),
                ],
            ]
        ),
        (
            "deprecated fix", ["deprecated", "fix", "renamed.lua"],
            [
                shared, ofScripts,
                [
                    "--conf": .with(base: ["deprecated", "fix", "renamed.yaml"], ["-c", "file=another"]),
                    "--pre-yaml": .with(
                        base: ["deprecated", "fix", "plain.yaml"], ["--pre-yaml", "renamed.yaml"]),
                    "--post-yaml": .with(
                        base: ["deprecated", "fix", "renamed.yaml"], ["--post-yaml", "other.yaml"]),
                    "--file": .changes(["--file", "experiment.lua"]), "--undo": .changes(["--undo"]),
                ],
            ]
        ),
        ("partials list", ["partials", "list"], [shared]),
        ("partials clean", ["partials", "clean"], [shared, ["--perform": .changes(["--perform"])]]),
        ("init", ["init", "new"], [shared, ["--from": .elsewhere, "--run": .elsewhere]]),
        (
            "completions install", ["completions", "install", "bash"],
            [shared, ["--print": .changes(["--print"])]]
        ),
        ("annotations", ["annotations"], [shared, ["--print": .changes(["--print"])]]),
    ]

    @Test("each option of each command changes something")
    func options() throws {
        var sandbox = try Sandbox()
        var left = Dictionary(uniqueKeysWithValues: Self.table.map { ($0.command, $0) })
        let sources = try Self.sources()
        for command in try JSONTests.commands() {
            let name = String(command.name.dropFirst("xpm ".count))
            guard let (_, base, groups) = left.removeValue(forKey: name) else {
                Issue.record("\(name) is not in the table")
                continue
            }
            let cases = groups.reduce(into: [String: Case]()) { $0.merge($1) { $1 } }
            for option in command.options where !["--help", "--version"].contains(option) {
                let (without, with): ([String], [String])
                switch cases[option] {
                case .changes(let words)?: (without, with) = (base, base + words)
                case .with(let base, let words)?: (without, with) = (base, base + words)
                case .differs(let first, let second)?: (without, with) = (first, second)
                case .elsewhere?:
                    #expect(Self.isUsed(option, of: name, in: sources), "\(name) \(option): no test uses it")
                    continue
                case nil:
                    Issue.record("\(name) \(option) has no case")
                    continue
                }
                let (first, second) = (try sandbox.outcome(of: without), try sandbox.outcome(of: with))
                #expect(first != second, "\(name) \(option) changes nothing: \(first)")
                // It changes how something is told, and nothing else.
                if option == "--json" {
                    #expect(
                        first.prefix { $0 != "\n" } == second.prefix { $0 != "\n" },
                        "\(name) --json: \(second)")
                }
            }
        }
        #expect(left.isEmpty, "there are no such commands: \(left.keys)")
    }

    @Test("every command says its name: the parser would make it from the type, which costs half of a start")
    func names() throws {
        let folder = "\(Workbench.root)/Sources/xpm/Commands"
        for place in [folder, "\(folder)/Workspace"] {
            for name in try Files.list(place) where name.hasSuffix(".swift") {
                let parts = try Files.readText("\(place)/\(name)").components(
                    separatedBy: "CommandConfiguration(")
                for part in parts.dropFirst() {
                    #expect(part.prefix(60).contains("commandName: "), "\(name): \(part.prefix(80))")
                }
            }
        }
    }

    private static func sources() throws -> [String] {
        let folder = "\(Workbench.root)/Tests/EndToEndTests"
        return try Files.list(folder).filter { $0.hasSuffix(".swift") && $0 != "OptionTests.swift" }.map {
            try Files.readText("\(folder)/\($0)")
        }
    }

    /// Whether a test has an option among the words behind a command.
    private static func isUsed(_ option: String, of command: String, in sources: [String]) -> Bool {
        let words = command.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", ")
        let short =
            ["--experiment": "-e", "--follow": "-f", "--quiet": "-q", "--lines": "-n"][option] ?? option
        return sources.contains { source in
            source.components(separatedBy: words).dropFirst().contains { rest in
                let call = rest.prefix(800)
                return call.contains("\"\(option)\"") || call.contains("\"\(short)\"")
                    // A helper that adds it to all.
                    || option == "--json" && source.contains("arguments + [\"--json\"]")
            }
        }
    }
}

/// A folder with workspaces and scripts, of which each command gets a copy.
private struct Sandbox {
    private let bench: Workbench
    private let first: String
    private let second: String
    private let old: String
    private let blocked: String
    private var outcomes: [[String]: String] = [:]

    init() throws {
        let bench = try Workbench()
        self.bench = bench
        for (name, text) in Self.files { try bench.write(text, to: "box/\(name)") }
        func run(_ arguments: String..., codes: [Int32] = [0]) throws {
            let (process, tag) = try bench.start(
                arguments, in: "box", environment: ["XDG_CONFIG_HOME": "\(bench.folder)/box"])
            let result = try bench.finish(process, tag)
            #expect(codes.contains(result.code), "\(arguments): \(result)")
        }
        // An earlier run with another rate; a newer one with a failure; other experiments.
        try run("run", "-q", "full.yaml", "-c", "lr=0.9", codes: [1])
        try run("run", "-q", "full.yaml", codes: [1])
        try run("run", "-q", "second.lua", codes: [1])
        try run("run", "-q", "slow.lua", "--", "fail", codes: [1])
        try run("run", "-q", "old.lua")
        try run("run", "-q", "saving.lua")
        try run("run", "-q", "--workdir", "other", "full.yaml", "-c", "seeds=1", "-c", "lr=0.8", codes: [0])
        try run("run", "-q", "--workdir", "other", "saving.lua", "-c", "n=2")
        func job(_ type: String, _ wanted: (JSON) -> Bool) throws -> String {
            let listed = try bench.run("jobs", "list", "--json", "--every-run", "--workdir", "box/workspace")
                .output
            let jobs = try listed.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
            return try #require(jobs.first { $0["task"]?.string == type && wanted($0) }?["id"]?.string)
        }
        first = try job("o.train") { $0["tags"]?["seed"]?.int == 1 && $0["tags"]?["lr"]?.number == 0.5 }
        second = try job("o.train") { $0["tags"]?["seed"]?.int == 2 && $0["tags"]?["lr"]?.number == 0.5 }
        old = try job("o.train") { $0["tags"]?["lr"]?.number == 0.9 && $0["tags"]?["seed"]?.int == 1 }
        blocked = try job("o.eval") { $0["tags"]?["seed"]?.int == 3 && $0["tags"]?["lr"]?.number == 0.5 }
        // A file that has changed since, an output that is gone, a job that nobody refers to, what a dead
        // process left.
        try bench.write(try bench.read("box/experiment.lua") + "-- changed\n", to: "box/experiment.lua")
        for folder in ["workspace", "other"] {
            let place = "\(bench.folder)/box/\(folder)"
            let gone = folder == "workspace" ? "\(place)/jobs/o.train/\(first)" : "\(place)/jobs/o.train/x"
            try? Files.remove("\(gone)/big.txt")
        }
        try Files.removeTree("\(bench.folder)/box/workspace/experiments/old", below: bench.folder)
        try Files.write([], to: "\(bench.folder)/box/workspace/jobs/o.train/\(first)/.status.json.1.tmp")
        try bench.write("{\"pid\": 1, \"host\": \"ghost\"}", to: "box/workspace/experiments/second/lock")
        let unused = "\(bench.folder)/box/workspace/partials/o.train/sh/\(String(repeating: "a", count: 64))"
        try Files.makeFolder(unused)
        let slow = "\(bench.folder)/box/workspace/jobs/o.slow"
        for job in try Files.list(slow) { try? Files.remove("\(slow)/\(job)/tally") }
    }

    /// What a command does, with what is different each time left out.
    mutating func outcome(of words: [String]) throws -> String {
        if let known = outcomes[words] { return known }
        let outcome = try run(words)
        outcomes[words] = outcome
        return outcome
    }

    private func run(_ words: [String]) throws -> String {
        let copy = "\(bench.folder)/copy"
        func shell(_ text: String) throws -> String {
            let (process, tag) = try bench.start(["-c", text], program: "/bin/sh")
            return try bench.finish(process, tag).output
        }
        // One that was only looked at serves again.
        _ = try shell(
            "test -e copy && test -z \"$(find copy -newer stamp)\" || { rm -rf copy; cp -a box copy; touch stamp; sleep 0.02; }"
        )
        let run = Files.linkTarget("\(copy)/workspace/experiments/js/current") ?? "?"
        let words = words.map { word in
            word.replacing("FIRST", with: first).replacing("SECOND", with: second).replacing("OLD", with: old)
                .replacing("BLOCKED", with: blocked).replacing("RUN", with: run)
        }
        let (process, tag) = try bench.start(
            words, in: "copy", environment: ["XDG_CONFIG_HOME": copy, "TALLY": "\(copy)/tally"])
        let result = try bench.finish(process, tag)
        let files = try shell("cd copy && \(Self.listing)")
        let all = "exit \(result.code)\n\(result.output)\n\(result.error)\n\(files)"
        return try Self.changing.reduce(all) { text, change in
            let expression = try NSRegularExpression(pattern: change.pattern)
            return expression.stringByReplacingMatches(
                in: text, range: NSRange(text.startIndex..., in: text), withTemplate: change.name)
        }
    }

    private static let changing: [(pattern: String, name: String)] = [
        (#"[0-9]{8}_[0-9]{6}(\.[0-9]+)?"#, "RUN"),
        (#"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00| UTC|Z)?"#, "TIME"),
        (#""(seconds|timestamp|pid)": [0-9.e-]+"#, "$1"), (#"[0-9.]+ (s|ms|min)\b"#, "DURATION"),
        (#"process [0-9]+"#, "process"), (#"127\.0\.0\.1:[0-9]+"#, "PORT"), (#"took +[^\n]*"#, "took"),
    ]

    /// The names below a folder, with the content of pictures and of what programs tally.
    private static let listing =
        "find . | LC_ALL=C sort; find . -name '*.svg' -exec cat {} + ; cat tally 2>/dev/null || true"

    private static let files = [
        (
            "experiment.lua",
            """
            local xpm = require "xpm"
            local Train = xpm.task {
              id = "o.train",
              params = {
                lr = xpm.float, seed = xpm.int, size = xpm.int, big = xpm.job_path { "big.txt", temporary = true },
                kept = xpm.job_path "kept.txt", length = xpm.int { default = 1, groups = { "g" } },
                shared = xpm.job_path { "s", partial = xpm.partial { name = "sh", exclude_groups = { "g" } } },
              },
              command = "printf 'out 1\\nout 2\\n'; printf 'err 1\\nerr 2\\n' >&2; echo 1 >{big}; echo 1 >{kept}; echo 1 >{shared}; echo '{{\\"acc\\": '{seed}', \\"loss\\": '{lr}'}}' >results.json; for s in 1 2; do echo '{{\\"step\\": '$s', \\"rate\\": '$((3-$s))'}}' >>$XPM_EVENTS; done; test {seed} != 3",
            }
            local Eval = xpm.task { id = "o.eval", params = { train = Train }, command = "true" }
            local Export = xpm.action { id = "o.export", params = { lr = xpm.float }, describe = function() return "exports" end,
              execute = function(self, ask) print(ask:text("name", "Name?", { default = "x" })) end }
            local isFirst = true
            return xpm.experiment {
              configuration = xpm.configuration {
                lr = xpm.sweep(xpm.float) { default = 0.5 }, seeds = xpm.int { default = 3 }, extra = xpm.int { default = 0 },
              },
              run = function(helper, cfg)
                if isFirst then helper.xp:add_action(Export { lr = cfg.lr }, "export") end
                if isFirst then helper.xp:add_service(xpm.service { id = "broken", command = "echo one; echo two; exit 1" }) end
                isFirst = false
                for _, lr in ipairs { cfg.lr, cfg.lr / 10 } do
                  for seed = 1, cfg.seeds do
                    local t = Train { lr = xpm.tag("lr", lr), seed = xpm.tag(seed), size = xpm.tag("size", 10 ^ seed // 1 | 0) }:submit()
                    Eval { train = t }:submit()
                  end
                end
              end,
            }
            """
        ),
        ("full.yaml", "id: js\nfile: experiment\n"), ("pre.yaml", "seeds: 1\n"), ("post.yaml", "seeds: 2\n"),
        ("plain.yaml", "id: js\n"), ("other.yaml", "file: another\n"), ("renamed.yaml", "file: renamed\n"),
        ("swept.yaml", "id: js\nfile: experiment\nlr: [1, 2]\n"),
        (
            "another.lua",
            "local xpm = require 'xpm'\nlocal T = xpm.task { id = 'o.another', params = {}, command = 'true' }\nfunction run() T {}:submit() end\n"
        ),
        (
            "second.lua",
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "o.second", params = { seed = xpm.int }, command = "echo second >&2; exit 4" }
            function run() T { seed = xpm.tag(1) }:submit() end
            """
        ),
        (
            "slow.lua",
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "o.slow", params = { n = xpm.int },
              command = "echo begin >>${{TALLY:-/dev/null}}; sleep 0.2; echo end >>${{TALLY:-/dev/null}}; test -n \\"$TALLY\\"" }
            function run() for n = 1, 2 do T { n = n }:submit() end end
            """
        ),
        (
            "failing.lua",
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "o.failing", params = { n = xpm.int }, command = "test {n} != 1" }
            function run() for n = 1, 3 do T { n = n }:submit() end end
            """
        ),
        (
            "old.lua",
            """
            local xpm = require "xpm"
            local T = xpm.task { id = "o.old", params = {}, command = "true" }
            function run() T {}:submit() end
            """
        ),
        (
            "renamed.lua",
            """
            local xpm = require "xpm"
            local New = xpm.task { id = "o.new", params = {}, command = "true" }
            xpm.deprecate { id = "o.old", to = New }
            function run() end
            """
        ),
        (
            "saving.lua",
            """
            local xpm = require "xpm"
            local C = xpm.config { id = "o.saved", params = { n = xpm.int } }
            function run(helper, cfg) helper.xp:save(C { n = cfg.n or 1 }, "c") end
            """
        ),
        (
            "loading.lua",
            """
            local xpm = require "xpm"
            local C = xpm.config { id = "o.saved", params = { n = xpm.int } }
            local T = xpm.task { id = "o.loading", params = { c = C }, command = "true" }
            function run(helper) T { c = helper.xp:load("saving", "c") }:submit() end
            """
        ),
        (
            "xpm/settings.yaml",
            "workspaces: [{ id: w, path: ../workspace }, { id: o, path: ../other }, { id: n, path: ../nowhere }]\n"
        ),
    ]
}
