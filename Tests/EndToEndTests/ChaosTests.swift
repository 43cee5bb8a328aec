import Engine
import Foundation
import Inventory
import Settings
import Store
import System
import Testing
import Text

/// Random plans under random kills: what the jobs themselves say afterwards must hold. `scripts/chaos ROUNDS`
/// runs more rounds.
@Suite("Chaos", .serialized, .timeLimit(.minutes(20)))
struct ChaosTests {
    private static let rounds = Int(ProcessInfo.processInfo.environment["XPM_CHAOS_ROUNDS"] ?? "") ?? 10
    private static let seed =
        UInt64(ProcessInfo.processInfo.environment["XPM_CHAOS_SEED"] ?? "") ?? UInt64.random(in: 1...9999)
    private static let jobs = 200

    /// An attempt notes its start and its end, and whether the one before it still lives; one that has a
    /// token, whether more than two have.
    private static let work = """
        log=$1/$2
        if [ "$5" = true ]; then
            echo $$ >"$1/token.$$"
            holders=0
            for file in "$1"/token.*; do kill -0 "${file##*.}" 2>/dev/null && holders=$((holders + 1)); done
            [ "$holders" -le 2 ] || echo "tokens $holders" >>"$log"
        fi
        last=$(tail -n 1 "$log" 2>/dev/null)
        case $last in
        start*) kill -0 "${last#start }" 2>/dev/null && echo "overlap $$" >>"$log" ;;
        esac
        echo "start $$" >>"$log"
        sleep "$3"
        echo "end $$" >>"$log"
        rm -f "$1/token.$$"
        [ "$4" = false ]
        """

    private struct Job {
        let needs: [Int]
        let sleep: Double
        let fails: Bool
        let hasToken: Bool
    }

    private static func script(jobs: [Job]) -> String {
        var lines = [
            "local xpm = require 'xpm'",
            "local Work",
            "Work = xpm.task { id = 'chaos.work', params = { n = xpm.int, needs = xpm.list(xpm.ref 'chaos.work') { default = {} },",
            "  sleep = xpm.float { meta = true, default = 0 }, fails = xpm.bool { default = false }, token = xpm.bool { meta = true, default = false }, logs = xpm.path },",
            "  command = { 'sh', '{here}/work.sh', '{logs}', '{n}', '{sleep}', '{fails}', '{token}' } }",
            "function run(helper)", "  local w = {}", "  local logs = helper.args[1]",
            "  helper.xp:token('pair', 2)",
        ]
        for (number, job) in jobs.enumerated() {
            let needs = job.needs.map { "w[\($0)]" }.joined(separator: ", ")
            lines.append(
                "  w[\(number)] = Work { n = \(number), needs = { \(needs) }, sleep = \(job.sleep), fails = \(job.fails), token = \(job.hasToken), logs = logs }:submit { tokens = { \(job.hasToken ? "pair = 1" : "") }, priority = \(number % 3) }"
            )
        }
        return (lines + ["end", ""]).joined(separator: "\n")
    }

    /// What happens to be killed in a round.
    private enum Victims: CaseIterable { case xpm, all }

    @Test(
        "no attempts overlap, nothing recorded runs again, and in the end all is done that can be",
        arguments: 0..<rounds)
    func round(_ number: Int) throws {
        var random = SplitMix(seed: Self.seed &* 1000 &+ UInt64(number))
        let victims: Victims = number % 2 == 0 ? .xpm : .all
        let bench = try Workbench()
        let logs = "\(bench.folder)/logs"
        try Files.makeFolder(logs)
        try bench.write(Self.work, to: "work.sh")
        let plan = (0..<Self.jobs).map { index -> Job in
            let count = index == 0 ? 0 : [0, 0, 1, 1, 2, 5].randomElement(using: &random) ?? 0
            // Chains go on from the one before, fans from a few at the beginning.
            let needs = (0..<count).map { _ in
                Bool.random(using: &random) ? index - 1 : Int.random(in: 0..<min(index, 5), using: &random)
            }
            return Job(
                needs: Array(Set(needs)).sorted(), sleep: Double.random(in: 0...0.02, using: &random),
                fails: Int.random(in: 0..<60, using: &random) == 0,
                hasToken: Int.random(in: 0..<6, using: &random) == 0)
        }
        try bench.write(Self.script(jobs: plan), to: "experiment.lua")
        for name in ["one", "two", "three"] {
            try bench.write("id: \(name)\nfile: experiment\n", to: "\(name).yaml")
        }

        // Every fifth round on a disk without flock.
        let disk = number % 5 == 4 ? FaultyDisk.environment((.flock, ENOLCK, "/workspace/")) : [:]
        func start(_ name: String) throws -> Process {
            try bench.start(["run", "-q", "-j", "3", "\(name).yaml", "--", logs], environment: disk).process
        }
        func attempts(_ job: Int) -> [Substring] {
            ((try? Files.readText("\(logs)/\(job)")) ?? "").split(separator: "\n")
        }
        func starts(_ job: Int) -> Int { attempts(job).count { $0.hasPrefix("start") } }

        // Folders by number; known once the first run has planned.
        var folders: [Int: JobFolder] = [:]
        func learn() throws {
            for folder in try bench.jobs("chaos.work") where folders.count < Self.jobs {
                guard let task = try? RecordedTask.read(folder.path),
                    let n = task.flattened.first(where: { $0.name == "n" }).flatMap({ Int($0.value) })
                else { continue }
                folders[n] = folder
            }
        }
        var recorded: [Int: Int] = [:]
        func look() {
            for (n, folder) in folders where recorded[n] == nil && folder.isDone { recorded[n] = starts(n) }
        }

        let names = ["one", "two", "three"].prefix(Int.random(in: 1...3, using: &random))
        var running: [String: Process] = [:]
        // Of hosts and programs: each may be the reason that one job runs once more.
        var kills = 0
        for name in names { running[name] = try start(name) }
        for _ in 0..<8 {
            usleep(UInt32.random(in: 10_000...120_000, using: &random))
            try learn()
            look()
            guard let name = names.randomElement(using: &random), let process = running[name] else {
                continue
            }
            let hosts =
                (ChildProcess.output(["pgrep", "-P", String(process.processIdentifier), "xpm-job"])?.text
                ?? "")
                .split(separator: "\n").compactMap { pid_t($0) }
            let live = folders.values.compactMap { ProcessRecord.read($0.process) }.filter(\.isAlive)
            switch victims == .xpm ? 0 : Int.random(in: 0..<5, using: &random) {
            case 0:
                if process.isRunning { kill(process.processIdentifier, SIGKILL) }
                process.waitUntilExit()
                running[name] = try start(name)
            case 1:
                kills += 1
                if let host = hosts.randomElement(using: &random) { kill(host, SIGKILL) }
            case 2:
                kills += 1
                live.randomElement(using: &random)?.group?.signal(SIGKILL)
            case 3:
                let program = live.randomElement(using: &random)
                program?.group?.signal(SIGSTOP)
                usleep(UInt32.random(in: 10_000...80_000, using: &random))
                program?.group?.signal(SIGCONT)
            default:
                let pid = (hosts + [process.processIdentifier]).randomElement(using: &random) ?? 0
                if pid > 0, process.isRunning {
                    kill(pid, SIGSTOP)
                    usleep(UInt32.random(in: 10_000...80_000, using: &random))
                    kill(pid, SIGCONT)
                }
            }
        }
        for process in running.values { process.waitUntilExit() }
        try learn()
        look()
        // One quiet run.
        let quiet = try bench.run("run", "-q", "-j", "3", "one.yaml", "--", logs)
        try learn()
        let place = "round \(number), seed \(Self.seed)"
        #expect(folders.count == Self.jobs, "\(place)")

        var canSucceed = Set<Int>()
        for (n, job) in plan.enumerated() where !job.fails && job.needs.allSatisfy(canSucceed.contains) {
            canSucceed.insert(n)
        }
        #expect(quiet.code == (canSucceed.count == Self.jobs ? 0 : 1), "\(place): \(quiet.error)")
        for (n, folder) in folders {
            let lines = attempts(n)
            #expect(!lines.contains { $0.hasPrefix("overlap") }, "\(place): attempts of \(n) overlap")
            #expect(
                !lines.contains { $0.hasPrefix("tokens") },
                "\(place): more than two tokens with \(n): \(lines)")
            #expect(folder.isDone == canSucceed.contains(n), "\(place): job \(n)")
            if let before = recorded[n] { #expect(starts(n) == before, "\(place): \(n) ran again: \(lines)") }
            if canSucceed.contains(n), victims == .xpm {
                #expect(
                    lines.map { String($0.prefix(3)) } == ["sta", "end"],
                    "\(place): \(n) ran more than once: \(lines)")
            }
            #expect(
                !Files.exists(folder.process) && !FileLock.isHeld(folder.lock), "\(place): \(folder.path)")
        }
        // A failed job is tried by every run; one that can succeed runs again only for a kill of its own.
        let extra = folders.keys.filter(canSucceed.contains).reduce(0) { $0 + max(0, starts($1) - 1) }
        #expect(extra <= kills, "\(place): \(extra) attempts too many after \(kills) kills")
        // What runs of killed xpm left is mended by the next run of the experiment.
        for name in names where name != "one" { _ = try bench.run("run", "-q", "\(name).yaml", "--", logs) }
        let doctor = try bench.run("doctor")
        #expect(doctor.error == "nothing found\n", "\(place): \(doctor.output)")
        let left = try Self.files(below: "\(bench.folder)/workspace").filter { path in
            path.hasSuffix(".tmp") || path.contains(".claim")
                || path.hasSuffix(".lock") && FileLock.isHeld(path)
        }
        #expect(left.isEmpty, "\(place): left: \(left)")
    }

    private static func files(below folder: String) throws -> [String] {
        try Files.list(folder).flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            return Files.kind(path, followingLinks: false) == .folder ? try files(below: path) : [path]
        }
    }
}
