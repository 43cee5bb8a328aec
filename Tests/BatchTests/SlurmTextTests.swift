import Testing
import Text

@testable import Batch

/// What Slurm's commands print, on usual and on odd sites.
@Suite("Slurm's texts", .timeLimit(.minutes(20)))
struct SlurmTextTests {
    @Test func queue() {
        let text = """
            12|0|PENDING|Resources|2026-11-29T16:00:00|a1b2
            12|1|RUNNING|None|2026-11-29T15:00:00|a1b2
            12|2|COMPLETING|None|2026-11-29T15:00:00|a1b2
            13|N/A|RUNNING|None|2026-11-29T15:00:00|(null)
            14|3|CANCELLED|None|N/A|with | and more
            15|4|SOMETHING_NEW|None|N/A|a1b2
            slurm_load_jobs error: Unable to contact
            """
        let found = SlurmText.queue(text)
        #expect(found.map(\.job.text) == ["12_0", "12_1", "12_2", "14_3", "15_4"])
        #expect(
            found[0]
                == BatchEntry(
                    job: BatchJob(array: "12", index: 0), nonce: "a1b2", state: .waiting, reason: "Resources",
                    start: "2026-11-29T16:00:00"))
        #expect(found[1].state == .running && found[1].start == nil && found[1].reason == "")
        #expect(found[2].state == .running)
        #expect(found[3].nonce == "with | and more")
        #expect(found[3].state == .ended(BatchEnd(.cancelled, "CANCELLED")))
        #expect(found[4].state == .running)
    }

    @Test func accounts() {
        let text = """
            12_0|NODE_FAIL|0:0
            12_0|COMPLETED|0:0
            12_1|FAILED|7:0
            12_2|FAILED|0:9
            12_3|CANCELLED by 1000|0:15
            12_4|OUT_OF_MEMORY|0:125
            12_5|OUT_OF_ME+|0:125
            12_6|TIMEOUT|0:0
            12_[7-9]|PENDING|0:0
            13|COMPLETED|0:0

            """
        let found = SlurmText.accounts(text)
        #expect(found.map(\.job.index) == [0, 1, 2, 3, 4, 5, 6])
        let ends = found.compactMap { if case .ended(let end) = $0.state { end } else { nil } }
        #expect(ends.map(\.reason) == [.ended, .ended, .ended, .cancelled, .memory, .memory, .timeout])
        #expect(ends[1].exitCode == 7 && ends[1].signal == nil)
        #expect(ends[2].signal == 9)
        #expect(ends[3].text == "CANCELLED by 1000")
    }

    @Test func errors() {
        func kind(_ text: String) -> String {
            switch SlurmText.error(text, of: "sbatch") {
            case .missing: "missing"
            case .unreachable: "unreachable"
            case .full: "full"
            case .refused: "refused"
            }
        }
        let limit = """
            sbatch: error: AssocMaxSubmitJobLimit
            sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)
            """
        #expect(kind(limit) == "full")
        #expect(
            kind("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation")
                == "unreachable")
        #expect(kind("sbatch: error: invalid partition specified: gpux") == "refused")
        #expect(
            kind("sbatch: error: Batch job submission failed: Requested node configuration is not available")
                == "refused")
        #expect(kind("sbatch: fehler: etwas") == "unreachable")
        #expect(
            SlurmText.error("sbatch: error: invalid partition specified: gpux\n", of: "sbatch").text
                == "sbatch: invalid partition specified: gpux")
        #expect(SlurmText.error("", of: "squeue").text == "squeue: it failed without a word")
    }

    @Test func numbers() {
        #expect(SlurmText.number("12\n") == "12")
        #expect(SlurmText.number("12;north\n") == "12")
        #expect(SlurmText.number("Welcome to the cluster\n12\n") == "12")
        #expect(SlurmText.number("sbatch: nothing\n") == nil)
        #expect(SlurmText.escaped("/w/50%/x") == "/w/50%%/x")
    }

    @Test func start() {
        let text =
            "sbatch: Job 12 to start at 2026-11-29T16:00:00 using 1 processors on nodes n1 in partition debug\n"
        #expect(SlurmText.start(text) == "2026-11-29T16:00:00")
        #expect(SlurmText.start("sbatch: something else") == nil)
    }

    @Test func site() {
        let text = """
            Configuration data as of 2026-11-29T15:00:00
            ClusterName             = test
            MaxArraySize            = 11
            MaxJobCount             = 10000
            """
        let site = SlurmText.site(text)
        #expect(site.cluster == "test" && site.longestArray == 11)
        #expect(SlurmText.site("").longestArray == 1000)
    }

    @Test func partitions() {
        let text = """
            cpu|64+|256000|(null)|2-12:00:00|up
            gpu*|32|512000+|gpu:a100:4(S:0-1),gpu:t4:2|12:00:00|up
            gpu*|48|64000|(null)|12:00:00|up
            long|8|1000|gpu:2|infinite|up
            dead|8|1000|(null)|30:00|down
            """
        let found = SlurmText.partitions(text)
        #expect(found.map(\.name) == ["gpu", "cpu", "long"])
        #expect(
            found[0] == BatchPartition(name: "gpu", cores: 48, memory: 512_000, gpus: 6, duration: 43_200))
        #expect(
            found[1] == BatchPartition(name: "cpu", cores: 64, memory: 256_000, gpus: 0, duration: 216_000))
        #expect(found[2].gpus == 2 && found[2].duration == nil)
        #expect(SlurmText.seconds("30:00") == 1800)
    }
}
