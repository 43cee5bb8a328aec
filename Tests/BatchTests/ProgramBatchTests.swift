import Testing
import Text

@testable import Batch

@Suite("A batch system of one's own", .timeLimit(.minutes(20)))
struct ProgramBatchTests {
    @Test("its commands are a part of its name, by which who has a record finds it")
    func name() throws {
        let system = ProgramBatch(
            title: "pbs", submit: "qsub \"$X\"", status: "a\nb", cancel: "c", index: "\"$I\"", longest: 9)
        // What stands in a file of somebody else is not run.
        #expect(BatchQueue.system(named: system.name) == nil)
        BatchQueue.trust(system.name)
        let again = try #require(BatchQueue.system(named: system.name))
        #expect(again.name == system.name && again.title == "pbs" && again.words.index == "\"$I\"")
        #expect(try again.site().longestArray == 9)
        for name in ["batch:", "batch:{}", "pbs", "batch:[1]"] {
            #expect(BatchQueue.system(named: name) == nil)
        }
    }

    @Test("lines of its status; what is none is left out")
    func queue() {
        let text = """
            12[].srv 0 xpm-ab12 waiting no room on any host
            12[].srv 1 xpm-ab12 running
            12[].srv 2 xpm-ab12 lost
            12[].srv -1 xpm-ab12 running
            12[].srv 3 mine running
            12[].srv 4 xpm-ab12 odd
            noise
            """
        let found = ProgramBatch.queue(text)
        #expect(found.map(\.job.index) == [0, 1, 2] && found.map(\.nonce) == ["ab12", "ab12", "ab12"])
        #expect(found[0].reason == "no room on any host" && found[0].state == .waiting)
        #expect(found[2].state == .ended(BatchEnd(.lost, "lost")))
    }
}
