import Testing
import Text

@testable import Batch

@Suite("What Grid Engine prints", .timeLimit(.minutes(20)))
struct GridEngineTextTests {
    @Test("qsub's word for an array")
    func number() {
        for (text, number) in [
            ("5.1-3:1\n", "5"), ("17\n", "17"), ("warning: a\n6.1-1:1\n\n", "6"), ("", nil),
            ("Your job 5", nil),
            ("5x", nil),
        ] as [(String, String?)] { #expect(GridEngineText.number(text) == number, "\(text)") }
    }

    @Test("qstat: tasks that wait, run, are in the error state; jobs of others have no nonce")
    func queue() {
        func element(_ number: String, _ name: String, _ state: String, _ task: String) -> String {
            """
                <job_list state="x">
                  <JB_job_number>\(number)</JB_job_number>
                  <JB_name>\(name)</JB_name>
                  <state>\(state)</state>
                  <queue_name></queue_name>
            \(task)
                </job_list>

            """
        }
        let text =
            element("3", "xpm-a1", "qw", "<tasks>1</tasks>") + element("3", "xpm-a1", "r", "<tasks>2</tasks>")
            + element("3", "xpm-a1", "Eqw", "<tasks>3</tasks>")
            + element("3", "xpm-a1", "dr", "<tasks>4</tasks>")
            + element("4", "mine", "hqw", "<tasks>1</tasks>") + element("5", "mine", "r", "")
            + element("x", "xpm-a1", "r", "<tasks>1</tasks>") + "<job_list state"
        let found = GridEngineText.queue(text)
        #expect(found.map(\.job.text) == ["3_0", "3_1", "3_2", "3_3", "4_0"])
        #expect(found.map(\.state) == [.waiting, .running, .waiting, .running, .waiting])
        #expect(found.map(\.nonce) == ["a1", "a1", "a1", "a1", ""])
        #expect(found[0].reason.isEmpty && found[4].reason == "hqw")
        #expect(GridEngine().isHopeless(found[2].reason) && !GridEngine().isHopeless("hqw"))
    }

    @Test("qacct: what a job does not tell itself")
    func accounts() {
        func record(_ task: String, _ failed: String) -> String {
            "==============================================================\nqname        all.q\ntaskid       \(task)\nfailed       \(failed)\nexit_status  137\n"
        }
        let text =
            record("1", "37  : qmaster enforced h_rt, h_cpu, or h_vmem limit") + record("2", "0")
            + record("3", "100 : assumedly after job") + record("4", "11  : before job")
            + record("undefined", "37") + "taskid"
        let found = GridEngineText.accounts(text, "7")
        #expect(found.map(\.job.text) == ["7_0", "7_1", "7_2", "7_3"])
        #expect(
            found.map(\.state) == [
                .ended(
                    .init(
                        .timeout, "failed 37  : qmaster enforced h_rt, h_cpu, or h_vmem limit", exitCode: 137)
                ),
                .ended(.init(.ended, "ended", exitCode: 137)),
                .ended(.init(.ended, "failed 100 : assumedly after job", exitCode: 137)),
                .ended(.init(.ended, "failed 11  : before job", exitCode: 137)),
            ])
    }

    @Test("qstat -f: queues with the slots of their largest host")
    func queues() {
        let text = """
            queuename                      qtype resv/used/tot. load_avg arch          states
            ---------------------------------------------------------------------------------
            all.q@n1                       BIP   0/0/4          0.51     lx-amd64
            all.q@n2                       BIP   0/0/16         -NA-     -NA-          au
            gpu.q@n2                       B     0/1/2          0.51     lx-amd64      d
            """
        let found = GridEngineText.queues(text)
        #expect(found.map(\.name) == ["all.q", "gpu.q"] && found.map(\.cores) == [16, 2])
    }

    @Test("why qsub did nothing: full, refused, not there now")
    func errors() {
        func kind(_ text: String) -> String {
            switch GridEngineText.error(text, of: "qsub") {
            case .full: "full"
            case .refused: "refused"
            case .unreachable: "unreachable"
            case .missing: "missing"
            }
        }
        #expect(
            kind("Unable to run job: job rejected: Only 5 jobs are allowed per user (current job count: 5).")
                == "full")
        #expect(
            kind("Unable to run job: Job was rejected because job requests unknown queue \"x\".") == "refused"
        )
        #expect(kind("Unable to run job: unable to send message to qmaster using port 6444") == "unreachable")
        #expect(kind("error: commlib error: got select error (Connection refused)") == "unreachable")
        #expect(kind("") == "unreachable")
    }

    @Test("options: slots by the environment that the site names, and flags as qsub takes them")
    func options() {
        #expect(GridEngine().owns(option: "--hold-jid=5") && !GridEngine().owns(option: "--P=lab"))
        var ask = BatchAsk()
        (ask.partition, ask.cores, ask.gpus, ask.limit) = ("all.q", 4, 1, 90)
        ask.more = ["--pe=make", "--P=lab", "--hold-jid=4", "-R", "y"]
        #expect(
            GridEngine().options(for: ask, memory: 1 << 20, times: 2) == [
                "-q", "all.q", "-l", "gpu=2", "-l", "h_rt=90", "-P", "lab", "-hold_jid", "4", "-R", "y",
                "-pe", "make",
                "8",
                "-l", "mem_free=2048K",
            ])
    }
}
