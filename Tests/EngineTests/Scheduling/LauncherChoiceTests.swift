import Testing
import Text

@testable import Batch
@testable import Engine
@testable import Model
@testable import Settings
@testable import Store
@testable import System

/// Which launcher a job goes to.
@Suite("Choice of launchers", .timeLimit(.minutes(20)))
struct LauncherChoiceTests {
    private final class Site: Launchers {
        let path = "/x/launchers.lua"
        var all = [
            LauncherDefinition(name: "here", kind: .direct),
            LauncherDefinition(name: "a", kind: .batch("slurm")),
            LauncherDefinition(name: "b", kind: .batch("slurm")),
        ]
        let found: String?

        init(_ found: String?) { self.found = found }

        func find(
            _: Requirement?, tags _: [(name: String, value: String)]
        ) throws(ValueError) -> String? { found }
    }

    private let folder = JobFolder(path: "/ws/jobs/t/0", name: "t")

    private func launcher(
        _ found: String?, chosen: String? = nil, submit: String? = nil, requires text: String? = nil
    ) throws -> JobDemand? {
        var settings = MachineSettings()
        settings.machine = Machine(cores: 8, memory: 64 << 30, gpus: [])
        let machine = MachineFit(settings, slots: 8, looksForGPUs: false)
        let choice = try LauncherChoice(machine, Site(found), chosen: chosen)
        var wish = LaunchWish(try text.map { try Requirement($0) })
        wish.launcher = submit
        return try choice.admit(wish, in: folder).demand
    }

    @Test("submit's counts most, then the user's, then find_launcher's, then this machine")
    func order() throws {
        #expect(try launcher(nil) == nil)
        #expect(try launcher("a")?.batch?.launcher == "a")
        #expect(try launcher("a", chosen: "b")?.batch?.launcher == "b")
        #expect(try launcher("a", chosen: "b", submit: "a")?.batch?.launcher == "a")
        #expect(try launcher("a", chosen: "here") == nil)
        #expect(try launcher("a", chosen: "direct", requires: "cpu(cores=2)")?.batch == nil)
        #expect(throws: ValueError.self) { try launcher(nil, chosen: "c") }
        #expect(throws: ValueError.self) { try launcher("c") }
    }

    @Test(
        "time is asked for with a minute more, in whole minutes; short jobs are packed, into pilots of an hour"
    )
    func time() throws {
        let long = try #require(try launcher("a", requires: "duration=90s & cpu(cores=2, mem=1G)")?.batch)
        #expect(long.ask.limit == 180 && !long.isPacked && long.ask.cores == 2)
        let short = try #require(try launcher("a", requires: "duration=30s")?.batch)
        #expect(short.isPacked && short.ask.limit == 3600)
        #expect(try launcher("a")?.batch?.ask.limit == nil)
    }
}
