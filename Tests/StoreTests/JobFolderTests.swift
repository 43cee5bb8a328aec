import Store
import System
import TestSupport
import Testing
import Text

@Suite("Job folders", .timeLimit(.minutes(20)))
struct JobFolderTests {
    @Test("a job that runs is not done, and only an outcome of xpm or of experimaestro counts")
    func state() throws {
        let folder = try TemporaryFolder()
        let job = JobFolder(path: folder.path, name: "train")
        #expect(job.state() == .new)
        guard let lock = try FileLock.take(job.lock) else {
            Issue.record("nobody holds the lock")
            return
        }
        #expect(job.state() == .running)
        if try FileLock.take(job.lock) != nil { Issue.record("two hold the lock") }
        try folder.write("", to: "train.done")
        #expect(job.state() == .running)
        lock.release()
        // Without its parameters nothing is done.
        try folder.write(Outcome(.done).json(of: job.identifier).text, to: "train.done")
        #expect(job.state() == .new)
        try folder.write("{}\n", to: "params.json")
        // Whatever the program itself calls so is none.
        for text in ["", "{}", "done", Outcome(.failed).json.text, Outcome(.done).json(of: "another").text] {
            try folder.write(text, to: "train.done")
            #expect(!job.isDone && job.state() == .new, "\(text)")
        }
        for text in [Outcome(.done).json(of: job.identifier).text, #"{"version": 1, "reason": "DONE"}"#] {
            try folder.write(text, to: "train.done")
            #expect(job.state() == .done, "\(text)")
        }
        try folder.write("", to: "train.done")
        try folder.write("import experimaestro", to: "train.py")
        #expect(job.state() == .done)
        try Files.remove(job.done)
        try folder.write(#"{"reason": "FAILED", "code": 3}"#, to: "train.failed")
        #expect(job.state() == .failed(Outcome(.failed, exitCode: 3)))
    }

    @Test("an outcome file of any content is an outcome of its name")
    func outcomes() throws {
        let folder = try TemporaryFolder()
        let whole = Array(Outcome(.failed, exitCode: 3, started: .now, ended: .now).json.text.utf8)
        for end in 0...whole.count {
            try Files.write(Array(whole[..<end]), to: "\(folder.path)/t.failed")
            #expect(!Outcome.read("\(folder.path)/t.failed").isDone)
            try Files.write(Array(whole[..<end]), to: "\(folder.path)/t.done")
            #expect(Outcome.read("\(folder.path)/t.done").isDone)
        }
        // experimaestro's form.
        try folder.write(#"{"code": 1, "reason": "TIMEOUT"}"#, to: "t.failed")
        #expect(Outcome.read("\(folder.path)/t.failed").exitCode == 1)
    }

    @Test("the record of a process is its own, and dead once it ended")
    func process() throws {
        let folder = try TemporaryFolder()
        let record = ProcessRecord(pid: Environment.processID)
        #expect(record.isAlive)
        let path = try folder.write(record.json().text, to: "t.pid")
        #expect(ProcessRecord.read(path) == record)
        var other = record
        other.startTime += 1
        #expect(!other.isAlive)
        let whole = record.json().bytes
        for end in whole.indices {
            try Files.write(Array(whole[..<end]), to: path)
            #expect(ProcessRecord.read(path) == nil)
        }
    }

    @Test("sources keep their content, and links stand for the rest")
    func sources() throws {
        let folder = try TemporaryFolder()
        let main = try folder.write("return 1", to: "project/experiment.lua")
        try folder.write("data", to: "project/data.csv")
        try folder.write("x", to: "project/src/a.py")
        let outside = try folder.write("y", to: "elsewhere/b.lua")
        let tree = SourceTree(root: "\(folder.path)/project", folder: "\(folder.path)/run/sources")
        let kept = try tree.keep(main)
        let keptOutside = try tree.keep(outside)
        try tree.linkRest(of: "\(folder.path)/project")
        try folder.write("return 2", to: "project/experiment.lua")
        #expect(try Files.readText(kept) == "return 1")
        #expect(try Files.readText(keptOutside) == "y")
        #expect(try Files.readText("\(folder.path)/run/sources/data.csv") == "data")
        #expect(try SourceTree.files(matching: "src/**/*.py", in: tree.root) == ["\(tree.root)/src/a.py"])
        #expect(try SourceTree.files(matching: "*.csv", in: tree.root) == ["\(tree.root)/data.csv"])
    }
}
