import Testing
import Text

@testable import Engine
@testable import Model
@testable import Settings
@testable import Store
@testable import System

@Suite("Fitting requirements to the machine", .timeLimit(.minutes(20)))
struct MachineFitTests {
    private static let machine = Machine(
        cores: 8, memory: 64 << 30,
        gpus: [
            .init(name: "0", memory: 24 << 30), .init(name: "1", memory: 8 << 30),
            .init(name: "2", memory: 24 << 30),
        ])

    private func demand(_ text: String) throws -> JobDemand {
        var settings = MachineSettings()
        settings.machine = Self.machine
        settings.sharedFolder = "/srv/xpm"
        return try MachineFit(settings, slots: 4, looksForGPUs: true).demand(of: Requirement(text))
    }

    @Test("GPUs that are large enough, the smallest first, counted in every class up to theirs")
    func gpus() throws {
        let small = try #require(try demand("cuda(mem=4G)").gpus)
        #expect(small.devices == ["1", "0", "2"] && small.classes.map(\.capacity) == [3])
        let large = try #require(try demand("cuda(mem=16G) * 2").gpus)
        #expect(large.devices == ["0", "2"])
        #expect(large.classes.map(\.capacity) == [3, 2] && large.classes.allSatisfy { $0.count == 2 })
    }

    @Test("cores and memory that a job asks for are a part of what the machine has; -j may be more")
    func share() throws {
        let share = try #require(try demand("cpu(cores=2)").share)
        #expect(share.whole.cores == 8 && share.whole.memory == 64 << 30)
        #expect(share.folder.path.hasPrefix("/srv/xpm/"))
        #expect(try demand("cpu(mem=1G)").share != nil && demand("cuda()").share == nil)
    }

    @Test("the first alternative that fits is taken")
    func alternatives() throws {
        #expect(try demand("cuda(mem=80G) & cpu(cores=2) | cpu(cores=6)").cores == 6)
    }

    @Test(
        "what the machine cannot give",
        arguments: [
            ("cpu(cores=9)", "9 cores, of which this machine has 8"),
            ("cpu(mem=100G)", "100 GB of memory, of which this machine has 69 GB"),
            ("cuda(mem=16G) * 3", "3 GPUs with 16 GB, of which this machine has 2"),
        ])
    func tooMuch(_ text: String, _ problem: String) {
        #expect { try demand(text) } throws: { ($0 as? ValueError)?.text == problem }
    }

    @Test("memory may grow as far as the machine has it")
    func growth() throws {
        let demand = try demand("cpu(mem=20G..200G)")
        #expect(demand.memory == 20_000_000_000 && demand.mostMemory == 64 << 30)
        #expect(demand.memory(after: 20_000_000_000) == 40_000_000_000)
        #expect(demand.memory(after: 64 << 30) == nil)
    }
}
