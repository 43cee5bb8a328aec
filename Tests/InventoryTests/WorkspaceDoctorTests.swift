import Foundation
import TestSupport
import Testing
import Text

@testable import Inventory
@testable import Store
@testable import System

@Suite("Inventory of a workspace", .timeLimit(.minutes(20)))
struct WorkspaceDoctorTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace
    private let identifier = String(repeating: "ab", count: 32)

    init() throws {
        folder = try TemporaryFolder()
        workspace = Workspace(path: folder.path)
        try workspace.create()
    }

    private var line: String {
        #"{"job_id": "\#(identifier)", "task_id": "a.b", "tags": {"lr": 0.1}, "timestamp": 1.5, "depends_on": []}"#
            + "\n"
    }

    @Test("every cut of a log of jobs gives the lines that are whole")
    func cuts() throws {
        let second = line.replacing(identifier, with: String(repeating: "cd", count: 32))
        let text = Array((line + second).utf8)
        for end in 0...text.count {
            try Files.makeFolder("\(folder.path)/experiments/e/20260101_000000")
            try Files.write(
                Array(text[..<end]), to: "\(folder.path)/experiments/e/20260101_000000/jobs.jsonl")
            let whole = end >= text.count - 1 ? 2 : end >= line.utf8.count - 1 ? 1 : 0
            #expect(WorkspaceInventory(workspace).jobs().count == whole, "cut at \(end)")
        }
        #expect(WorkspaceInventory(workspace).jobs(count: 1).count == 1)
    }

    @Test("every cut of status.json leaves a run that can be listed")
    func statusCuts() throws {
        let text = Array(
            #"{"version": 1, "status": "running", "started_at": "2026-01-01T00:00:00", "counts": {"done": 2}}"#
                .utf8)
        for end in 0...text.count {
            try folder.write(
                String(decoding: text[..<end], as: UTF8.self), to: "experiments/e/20260101_000000/status.json"
            )
            let run = try #require(RunRecord.all(of: "e", in: workspace).first)
            #expect(run.state == (end == text.count ? "interrupted" : "unknown"))
        }
    }

    @Test("names in a log that would lead out of the workspace are passed over")
    func hostile() throws {
        try folder.write(
            line.replacing("a.b", with: "../../etc") + line.replacing(identifier, with: "../x"),
            to: "experiments/e/20260101_000000/jobs.jsonl")
        #expect(WorkspaceInventory(workspace).jobs().isEmpty)
    }

    @Test("what dead processes left is found and mended, and then nothing is found")
    func doctor() throws {
        try folder.write(
            #"{"version": 1, "status": "running"}"#, to: "experiments/e/20260101_000000/status.json")
        try folder.write(line + "{\"job_id\": \"to", to: "experiments/e/20260101_000000/jobs.jsonl")
        try folder.write("", to: "experiments/e/20260101_000000/status.json.vm.12.tmp")
        try folder.write("{}", to: "jobs/a.b/\(identifier)/b.pid")
        try folder.write("", to: "jobs/a.b/\(identifier)/params.json.vm.1.tmp")
        let other = String(repeating: "cd", count: 32)
        try folder.write("", to: "jobs/a.b/\(other)/b.done")
        try folder.write("", to: "jobs/a.b/\(other)/b.failed")
        try folder.write(
            #"{"version": 3, "objects": [{"id": 1, "typename": "a.b", "identifier": "", "fields": {}}]}"#,
            to: "jobs/a.b/\(other)/params.json")
        try Files.link("\(folder.path)/jobs/a.b/\(String(repeating: "ef", count: 32))", to: "../gone/x")
        let findings = WorkspaceDoctor(workspace).findings().filter { !$0.isNote }
        #expect(findings.count == 7, "\(findings.map(\.problem))")
        for finding in findings { try finding.cure?() }
        #expect(WorkspaceDoctor(workspace).findings().map(\.problem) == [])
        #expect(try Files.readText("\(folder.path)/experiments/e/20260101_000000/jobs.jsonl") == line)
        #expect(Files.exists("\(folder.path)/jobs/a.b/\(other)/b.done"))
    }

    @Test(
        "what differs from job to job does not part failures of one reason",
        arguments: [
            ("<Foo object at 0x7f732bf10410>", "<Foo object at 0x7fd118>"),
            ("loss is -1.5e-07", "loss is 0.0"),
            ("loss is 1.5e-07", "loss is -3"), ("a=-1288312.5", "a=1015352.0"),
            ("nan in step 3", "7 in step 12"),
            ("job 3f2a1b9c is lost", "job 00ee5cec is lost"), ("x-1 of y-2", "x-5 of y-7"),
            ("cannot read mesh1.msh", "cannot read mesh12.msh"),
            ("a1.c:3:5: error: x", "a2.c:13:5: error: x"),
            ("src/a.c:13: main", "lib/b.c:7: main"), ("in 'data/a.csv'", "in '/x/b.csv'"),
        ])
    func normalised(_ one: String, _ other: String) {
        #expect(FailureGroup.normalised(one) == FailureGroup.normalised(other))
        #expect(
            FailureGroup.normalised("no module named torch2")
                != FailureGroup.normalised("no module named numpy"))
        #expect(FailureGroup.normalised("src/a.c:13: main") == "PATH: main")
        #expect(FailureGroup.normalised("path=/a/b: float32") == "path=PATH: float32")
    }

    @Test("of a moved workspace only what xpm has there is moved, and only where a path begins")
    func relocation() throws {
        let arguments = [
            "cat", "/data/ws/jobs/a/b/w", "/data/ws/in.txt", "/mnt/data/ws/jobs/x", "--o=/data/ws/partials/p",
            "it's /data/ws/sources/e/r/c.sh",
        ]
        let script = JobScript(
            taskID: "a.b", identifier: identifier, needs: [],
            environment: [.init(name: "V", value: "/data/ws/jobs/1:/data/ws/jobs/2")],
            program: .command(arguments))
        let job = JobFolder(path: "\(folder.path)/jobs/a.b/\(identifier)", name: "b")
        try Files.makeFolder(job.path)
        try Files.write(Array(script.text(host: "/usr/bin/xpm-job").utf8), to: job.script(.sh))
        try Files.write(Array(JobScript.exports(script.environment).utf8), to: job.variables, mode: 0o600)
        let kept =
            #", "version": 3, "big": 18446744073709551617, "x": {"workspace": "/data/ws"}, "s": "\ud83d"}"#
        try Files.write(
            Array((#"{"scheme": "workspace", "workspace": "/data/ws""# + kept).utf8), to: job.parameters)
        for _ in 0..<2 { try JobRelocation.settle(job, in: "/new 'place'") }
        let header = try JobScript.header(of: Files.readText(job.script(.sh)))
        let command = try #require(JobScript.command(of: header.body))
        #expect(
            command.arguments == [
                "cat", "/new 'place'/jobs/a/b/w", "/data/ws/in.txt", "/mnt/data/ws/jobs/x",
                "--o=/new 'place'/partials/p", "it's /new 'place'/sources/e/r/c.sh",
            ], "\(command.arguments)")
        #expect(try JobScript.variables(in: job).map(\.value) == ["/new 'place'/jobs/1:/new 'place'/jobs/2"])
        #expect(Files.permissions(job.variables) == 0o600)
        #expect(
            try Files.readText(job.parameters) == #"{"scheme": "workspace", "workspace": "/new 'place'""#
                + kept)
    }

    @Test("a copy that another host has not finished is left to it, unless that host is gone")
    func copies() throws {
        let staging = "\(workspace.path)/.xpm-copy.elsewhere.123"
        try Files.makeFolder(staging)
        #expect(throws: CleaningError.self) {
            try GarbageCollection(workspace).collect(perform: true) { _ in }
        }
        #expect(WorkspaceDoctor(workspace).findings().isEmpty)
        for finding in WorkspaceDoctor(workspace, gone: "elsewhere").findings() { try finding.cure?() }
        #expect(!Files.exists(staging))
        try GarbageCollection(workspace).collect(perform: true) { _ in }
        // One of a process of this host whose number is another's by now.
        let own =
            "\(workspace.path)/.xpm-copy.\(Environment.hostName).\(ProcessInfo.processInfo.processIdentifier)"
        try Files.makeFolder(own)
        var record = ProcessRecord(pid: ProcessInfo.processInfo.processIdentifier)
        record.startTime -= 1
        try Files.write(record.json().bytes, to: "\(own)/.process")
        #expect(WorkspaceDoctor(workspace).findings().map(\.path) == [own])
    }

    @Test("orphans are the folders that no run names, nor a link to them")
    func orphans() throws {
        let linked = String(repeating: "cd", count: 32)
        let orphan = String(repeating: "ef", count: 32)
        try folder.write(line, to: "experiments/e/20260101_000000/jobs.jsonl")
        for name in [linked, orphan] { try folder.write("{}", to: "jobs/a.old/\(name)/params.json") }
        try Files.makeFolder("\(folder.path)/jobs/a.b")
        try Files.link("\(folder.path)/jobs/a.b/\(identifier)", to: "../a.old/\(linked)")
        #expect(WorkspaceInventory(workspace).orphans().map(\.identifier) == [orphan])
    }
}
