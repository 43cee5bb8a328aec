import Engine
import Foundation
import Model
import Settings
import Store
import System
import Text

@testable import LuaBridge

/// A folder with Lua files, and a dry run of them.
final class PlanBench {
    let folder: String
    private(set) var planned: [(task: ConfigObject, needs: [String])] = []

    init() throws {
        folder = Paths.real(NSTemporaryDirectory()) + "/xpm-plan-\(UUID().uuidString.prefix(8))"
        try Files.makeFolder(folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ text: String, to name: String) throws {
        try Files.makeFolder(Paths.parent("\(folder)/\(name)"))
        try Files.write(Array(text.utf8), to: "\(folder)/\(name)")
    }

    /// Runs the script's plan without touching a workspace.
    func run(
        _ script: String, configuration: Setting = Setting(.map([]), origin: .none), arguments: [String] = [],
        mode: RunMode = .dryRun, change: (inout PlanInput) -> Void = { _ in }
    ) throws(PlanError) {
        do { try write(script, to: "experiment.lua") } catch { throw .script("\(error)") }
        var input = PlanInput(configuration: configuration)
        input.script = "\(folder)/experiment.lua"
        input.arguments = arguments
        change(&input)
        let session = PlanSession(input, flag: InterruptFlag())
        try session.load()
        let experiment = Experiment(
            name: "test", mode: mode, workspace: Workspace(path: "\(folder)/workspace"), run: nil,
            board: JobBoard(),
            inbox: nil, objects: nil, environment: [], host: "/x/xpm-job", version: "test",
            admission: LauncherChoice(
                MachineFit(MachineSettings(), slots: 8, looksForGPUs: mode.launches))
        ) { [unowned self] in planned.append(($0.job.task, $0.dependencies.map(\.spec.taskID))) }
        try session.run(in: experiment)
    }

    /// The text of the error that a script gives, the folder's name left out; nil if it gives none.
    func failure(_ script: String, configuration: Setting = Setting(.map([]), origin: .none)) -> String? {
        do throws(PlanError) {
            try run(script, configuration: configuration)
            return nil
        } catch {
            return error.text.replacing(Paths.shown(folder) + "/", with: "").replacing(folder + "/", with: "")
        }
    }
}
