import TestSupport
import Testing
import Text

@testable import Engine
@testable import Inventory
@testable import Model
@testable import Settings
@testable import Store
@testable import System

/// Every reader of a file of the workspace: each cut of what was written, and random changes of it. A reader
/// that traps ends the test run.
@Suite("Readers of damaged files", .timeLimit(.minutes(20)))
struct ReaderFuzzTests {
    private static let job = String(repeating: "ab", count: 32)

    /// A kind of file: a valid content, and what is made of it by every reader that it has.
    struct Kind: Sendable, CustomTestStringConvertible {
        let name: String
        let content: String
        let read: @Sendable (TemporaryFolder.Place, String) -> Void
        var testDescription: String { name }
    }

    private static let parameters = #"""
        {"version": 3, "scheme": "2", "workspace": "..", "objects": [
        {"id": 1, "typename": "a.b", "identifier": "\#(job)", "fields": {"lr": 0.1, "out": {"type": "path", "value": "x", "base": "job"},
        "p": {"type": "path", "value": "partials/a.b/s/1f/x", "base": "workspace"}, "m": {"type": "python", "value": 1}},
        "defaults": ["lr"], "meta-fields": ["p"], "temporary-fields": ["out"]}]}
        """#

    private static let kinds: [Kind] = [
        Kind(name: "b.failed", content: Outcome(.failed, exitCode: 3, started: .now, ended: .now).json.text) {
            _, path in
            _ = (Outcome.read(path).text, Outcome.read(path).duration)
        },
        Kind(name: "b.pid", content: ProcessRecord(pid: 1).json().text) { _, path in
            _ = ProcessRecord.read(path)?.isAlive
        },
        Kind(name: "params.json", content: parameters) { place, path in
            let folder = JobFolder(path: place.parent, name: "b")
            _ = try? RecordedTask.read(place.parent).flattened
            _ = (try? RecordedTask.read(place.parent))?.temporaryPaths
            _ = PartialFolders.names(in: folder)
            _ = JobRecord(Workspace(path: place.root), task: "a.b", identifier: job).json
        },
        Kind(
            name: "jobs.jsonl",
            content:
                #"{"job_id": "\#(job)", "task_id": "a.b", "tags": {"lr": 0.1}, "timestamp": 1.5, "depends_on": ["x"]}"#
                + "\n"
        ) { place, _ in
            let inventory = WorkspaceInventory(Workspace(path: place.root))
            _ = (inventory.jobs(), inventory.jobs(count: 1), inventory.orphans())
        },
        Kind(
            name: "status.json",
            content:
                #"{"version": 1, "status": "running", "started_at": "2026-01-01T00:00:00", "counts": {"done": 2}}"#
        ) { place, _ in
            _ = RunRecord.all(of: "e", in: Workspace(path: place.root)).map { ($0.text, $0.json) }
        },
        Kind(name: "events.jsonl", content: #"{"progress": 0.5, "text": "half"}"# + "\n") { place, _ in
            _ = JobEvents.lastProgress(in: JobFolder(path: place.parent, name: "b"))
        },
        Kind(
            name: "control.jsonl",
            content: #"{"task_id": "a.b", "job_id": "\#(job)", "want": "priority", "value": 5}"# + "\n"
        ) {
            place, _ in
            var control = RunControl(run: place.parent)
            _ = control.read()
        },
        Kind(
            name: "b.sh",
            content: JobScript(
                taskID: "a.b", identifier: job, run: "../x", needs: ["../y"], shares: ["../z"],
                tokens: [Claim("t", count: 1, of: 2)],
                requirement: try? Requirement("cpu(mem=4G..8G) & duration=2h"),
                retry: RetryPolicy(most: 3, isResumable: true),
                environment: [.init(name: "A", value: "it's")], program: .command(["echo", "x y"])
            ).text(host: "/x/xpm-job")
        ) { place, path in
            guard let text = try? Files.readText(path), let header = try? JobScript.header(of: text) else {
                return
            }
            _ = JobScript.command(of: header.body)
            _ = JobOrigin(JobFolder(path: place.parent, name: "b"))
        },
        Kind(
            name: "action.json",
            content: #"{"version": 1, "type": "a.b", "description": "x", "script": "return {}"}"#
        ) {
            place, _ in _ = RunAction.all(in: place.root)
        },
        Kind(
            name: "b.lock.claim",
            content: #"{"version": 1, "pid": 1, "start_time": 3, "boot_id": "b", "host": "h", "nonce": "a1"}"#
        ) {
            place, _ in _ = LockClaim.isHeld("\(place.parent)/b.lock")
        },
        Kind(
            name: "task-outputs.jsonl",
            content: #"{"key": "\#(job)/c", "args": [1], "kwargs": {"step": 3}}"# + "\n"
        ) { place, path in
            var offset = 0
            _ = TaskOutput.read(JobFolder(path: Paths.parent(Paths.parent(path)), name: "b"), from: &offset)
        },
        Kind(
            name: "order",
            content:
                #"{"version": 4, "language": "sh", "folder": "/x", "name": "b", "attempt": 2, "gpus": {"count": 1, "devices": ["0"], "folder": "/g"}, "share": {"folder": "/g", "cores": 1, "memory": 2, "all_cores": 4, "all_memory": 9}}"#
        ) { _, path in _ = (try? Files.read(path)).flatMap { try? JobOrder($0) } },
        Kind(name: "message", content: #"{"waiting": "for a token"}"#) { _, path in
            _ = (try? Files.read(path)).flatMap(RunnerMessage.init)
        },
        Kind(name: "settings", content: "22 1 8:1 / /a rw - nfs h:/x rw,nolock\n") { _, path in
            let text = (try? Files.readText(path)) ?? ""
            _ = LockChoice.forgetsLocks(path: "/a/b", mounts: text)
        },
        Kind(name: "nvidia-smi", content: "0, GPU-5c2f, 24564, Enabled\nGPU-5c2f, 4711, 21504\n") { _, path in
            let text = (try? Files.readText(path)) ?? ""
            _ = GPU.listed(text, parts: text, visible: "1")
            _ = GPU.uses(listed: text, processes: text)
        },
        Kind(
            name: "rocm-smi",
            content:
                #"{"card0": {"VRAM Total Memory (B)": "17163091968", "VRAM Total Used Memory (B)": "9"}}"#
        ) { _, path in _ = GPU.cards(in: (try? Files.readText(path)) ?? "") },
    ]

    /// Where a file of a kind lies.
    private static func path(of name: String, in root: String) -> String {
        switch name {
        case "jobs.jsonl", "status.json", "control.jsonl": "\(root)/experiments/e/20260101_000000/\(name)"
        case "action.json": "\(root)/actions/one/\(name)"
        case "task-outputs.jsonl": "\(root)/jobs/a.b/\(job)/.experimaestro/\(name)"
        default: "\(root)/jobs/a.b/\(job)/\(name)"
        }
    }

    @Test("a cut or changed file is read as far as it goes", arguments: kinds)
    func damaged(_ kind: Kind) throws {
        let folder = try TemporaryFolder()
        let path = Self.path(of: kind.name, in: folder.path)
        try Files.makeFolder(Paths.parent(path))
        let place = TemporaryFolder.Place(root: folder.path, parent: Paths.parent(path))
        let whole = Array(kind.content.utf8)
        for end in 0...whole.count {
            try Files.write(Array(whole[..<end]), to: path)
            kind.read(place, path)
        }
        var random = SplitMix(seed: UInt64(whole.count))
        let signs = Array("{}[]\":,\\0-9e\n\u{0}".utf8) + [0xff, 0xc3, 0x80]
        for _ in 0..<1500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = signs.randomElement(using: &random) ?? 0
                case 1: bytes.remove(at: at)
                case 2:
                    bytes.insert(
                        contentsOf: bytes[at...].prefix(Int.random(in: 1...20, using: &random)), at: at)
                default: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: at)
                }
            }
            try Files.write(bytes, to: path)
            kind.read(place, path)
        }
    }

    @Test(
        "each cut of params.json is an error that names the file, each of events.jsonl leaves the lines that are whole"
    )
    func told() throws {
        let folder = try TemporaryFolder()
        let whole = Array(Self.parameters.utf8)
        for end in 0..<whole.count {
            try Files.write(Array(whole[..<end]), to: "\(folder.path)/params.json")
            #expect {
                try RecordedTask.read(folder.path)
            } throws: { ($0 as? SavedObjectError)?.text.contains("params.json") ?? false }
        }
        let line = #"{"progress": 0.25, "text": "a"}"# + "\n"
        let lines = Array((line + line.replacing("0.25", with: "0.75")).utf8)
        for end in 0...lines.count {
            try Files.write(Array(lines[..<end]), to: "\(folder.path)/events.jsonl")
            let progress = JobEvents.lastProgress(in: JobFolder(path: folder.path, name: "t"))?.fraction
            let expected: Double? = end >= lines.count - 1 ? 0.75 : end >= line.utf8.count - 1 ? 0.25 : nil
            #expect(progress == expected, "cut at \(end)")
        }
    }

    @Test("a log goes on after a line that was torn")
    func torn() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("{\"a\": 1}\n{\"b\"", to: "log.jsonl")
        try LineLog(path).append(["c": 3])
        #expect(try Files.readText(path) == "{\"a\": 1}\n{\"b\"\n{\"c\": 3}\n")
    }

    @Test("what is not readable is told")
    func dropped() throws {
        let folder = try TemporaryFolder()
        try folder.write("{\"job_id\": 1}\n{\"job", to: "experiments/e/20260101_000000/jobs.jsonl")
        var told: [String] = []
        #expect(WorkspaceInventory(Workspace(path: folder.path)) { told.append($0.text) }.jobs().isEmpty)
        #expect(told.count == 2 && told[0].hasSuffix("a line cannot be read: left out"))
        #expect(told[1].hasSuffix("jobs.jsonl: its last line is torn: left out"))
    }
}

extension TemporaryFolder {
    /// A file's workspace and folder.
    struct Place: Sendable {
        let root: String
        let parent: String
    }
}
