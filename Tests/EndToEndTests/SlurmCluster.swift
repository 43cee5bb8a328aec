import Foundation
import Glibc
import Store
import System
import Testing
import Text

/// A Slurm of its own (`scripts/slurm-cluster`), and a workbench whose runs reach it.
final class SlurmCluster: Sendable {
    let bench: Workbench
    private let folder: String
    /// Of whoever talks to it.
    let environment: [String: String]

    /// Whether a cluster can be started here: needs root, and Debian's slurmctld, slurmd, slurm-client and munge.
    static let isPossible =
        geteuid() == 0
        && ["slurmctld", "slurmd", "munged", "sbatch"].allSatisfy {
            Environment.find(program: $0, along: "/usr/sbin:/usr/bin:/sbin:/bin", from: "/") != nil
        }

    static let script = "\(Workbench.root)/scripts/slurm-cluster"

    /// - Parameters:
    ///   - settings: variables of the script, in which `@` is the workbench's folder.
    ///   - path: a folder that comes first on PATH.
    init(nodes: Int = 2, cores: Int = 4, _ settings: [String: String] = [:], path: String? = nil) throws {
        bench = try Workbench()
        folder = "/tmp/xpm-slurm-\(UUID().uuidString.prefix(8))"
        let answer = try Command(
            [Self.script, "up", folder, String(nodes), String(cores)],
            environment: EnvironmentBlock.current.setting(
                settings.map { [bench] in ($0.key, $0.value.replacing("@", with: bench.folder)) }),
            patience: 120
        ).run()
        try #require(answer.code == 0, "\(answer.error)")
        var variables = ["SLURM_CONF": "\(folder)/slurm.conf"]
        if let path {
            variables["PATH"] = "\(bench.folder)/\(path):" + (Environment["PATH"] ?? "/usr/bin:/bin")
        }
        environment = variables
        try bench.write(
            """
            local xpm = require "xpm"
            xpm.launchers.slurm { partitions = { { name = "debug", cores = \(cores), memory = "1G", gpus = 4 } } }
            """, to: "config/xpm/launchers.lua")
    }

    deinit {
        _ = try? Command([Self.script, "down", folder], patience: 120).run()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Runs xpm to its end.
    func xpm(_ arguments: String...) throws -> Workbench.Result {
        let (process, tag) = try bench.start(arguments, environment: environment)
        return try bench.finish(process, tag)
    }

    /// Begins a script's run through Slurm so many times, and kills each after some microseconds.
    func runAndKill(_ script: String, times: Int, after delays: ClosedRange<UInt32>) throws {
        for _ in 1...times {
            let (process, _) = try bench.start(
                ["run", script, "--launcher", "slurm"], environment: environment)
            usleep(UInt32.random(in: delays))
            Glibc.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    /// What a command of Slurm says.
    @discardableResult
    func slurm(_ arguments: String...) throws -> String {
        let block = EnvironmentBlock.current.setting(environment.map { ($0.key, $0.value) })
        return try Command(arguments, environment: block, patience: 60).run().output
    }

    /// Sends a signal to a daemon of it, by its file of the pid.
    func signal(_ daemon: String, _ signal: Int32) throws {
        for name in try Files.list("\(folder)/pids") where name.hasPrefix(daemon) {
            if let pid = Int32(try Files.readText("\(folder)/pids/\(name)").trimmed) {
                Glibc.kill(pid, signal)
            }
        }
    }

    /// Kills the processes in which the steps of its jobs run: their programs live on.
    func killSteps() throws {
        for name in try Files.list("/proc") {
            guard let pid = Int32(name), (try? Files.readText("/proc/\(pid)/comm"))?.trimmed == "slurmstepd",
                let bytes = try? Files.read("/proc/\(pid)/environ"),
                String(decoding: bytes, as: UTF8.self).contains(folder)
            else { continue }
            Glibc.kill(pid, SIGKILL)
        }
    }

    /// Starts a daemon again, with what it remembers.
    func start(_ daemon: String, _ arguments: String...) throws {
        let block = EnvironmentBlock.current.setting(environment.map { ($0.key, $0.value) })
        let log = "\(folder)/log/again"
        let answer = try Command(
            [
                "/bin/sh", "-c", "cd \(folder) && PATH=$PATH:/usr/sbin:/sbin \"$@\" </dev/null >>\(log) 2>&1",
                "sh", daemon,
            ] + arguments,
            environment: block, patience: 30
        ).run()
        #expect(answer.code == 0, "\(daemon): \(answer)")
    }

    /// Starts a node again whose power was lost.
    func boot(_ node: String) throws {
        _ = try Command([Self.script, "node", folder, node], patience: 60).run()
    }

    /// The pid of a node that is a host of its own.
    func host(_ node: String) throws -> Int32? {
        Int32(try Files.readText("\(folder)/pids/host-\(node).pid").trimmed)
    }

    /// The jobs that Slurm has or runs.
    func queue() throws -> [String] {
        try slurm("squeue", "-h", "-r", "-o", "%F_%K %T").split(separator: "\n").map(String.init)
    }
}

/// The suites that start a Slurm: one after the other, since there is one port for it.
@Suite("Clusters", .serialized, .timeLimit(.minutes(30)), .enabled(if: SlurmCluster.isPossible))
enum ClusterTests {}
