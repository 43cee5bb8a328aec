import Foundation
import Store
import System
import Testing
import Text

/// A folder of its own, and the built programs run in it.
final class Workbench: Sendable {
    let folder: String

    /// Where `swift build` put xpm and xpm-job.
    static let programs = Paths.parent(Paths.real(Environment.program))
    static let xpm = "\(programs)/xpm"

    /// The root of the checkout.
    static let root = Paths.absolute("../../..", from: #filePath)

    struct Result {
        let code: Int32
        let output: String
        let error: String
    }

    init() throws {
        folder = Paths.real(NSTemporaryDirectory()) + "/xpm-e2e-\(UUID().uuidString.prefix(8))"
        try Files.makeFolder(folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    @discardableResult
    func write(_ text: String, to name: String, mode: UInt32 = 0o666) throws -> String {
        try Files.makeFolder(Paths.parent("\(folder)/\(name)"))
        try Files.write(Array(text.utf8), to: "\(folder)/\(name)", mode: mode)
        return "\(folder)/\(name)"
    }

    func read(_ name: String) throws -> String { try Files.readText("\(folder)/\(name)") }

    /// Starts a program; its streams go to files, so that nothing it leaves behind holds them up.
    func start(
        _ arguments: [String], program: String = xpm, in subfolder: String = ".",
        environment: [String: String] = [:],
        tag: String = UUID().uuidString
    ) throws -> (process: Process, tag: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: Paths.absolute(subfolder, from: folder))
        var variables = ProcessInfo.processInfo.environment
        variables["XDG_CONFIG_HOME"] = "\(folder)/config"
        variables["XDG_DATA_HOME"] = "\(folder)/data"
        variables["XDG_STATE_HOME"] = "\(folder)/state"
        variables["NO_COLOR"] = nil
        process.environment = variables.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        for (name, keyPath) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
            let path = "\(folder)/.\(tag).\(name)"
            try Files.write([], to: path)
            process[keyPath: keyPath] = try FileHandle(forWritingTo: URL(filePath: path))
        }
        try process.run()
        return (process, tag)
    }

    /// Runs a program to its end.
    func run(
        _ arguments: String..., program: String = xpm, in subfolder: String = ".",
        environment: [String: String] = [:]
    ) throws -> Result {
        let (process, tag) = try start(arguments, program: program, in: subfolder, environment: environment)
        return try finish(process, tag)
    }

    /// Waits for a started program.
    func finish(_ process: Process, _ tag: String) throws -> Result {
        process.waitUntilExit()
        let code =
            process.terminationReason == .uncaughtSignal
            ? 128 + process.terminationStatus : process.terminationStatus
        return Result(code: code, output: try read(".\(tag).out"), error: try read(".\(tag).err"))
    }

    /// Waits until something is so, at most `seconds`; looks often.
    func wait(seconds: Double = 20, _ condition: () throws -> Bool) throws -> Bool {
        let end = Date.now.addingTimeInterval(seconds)
        while Date.now < end {
            if try condition() { return true }
            usleep(5000)
        }
        return false
    }

    /// Whether something stays so for a while: for what must not happen.
    func stays(seconds: Double, _ condition: () throws -> Bool) throws -> Bool {
        try !wait(seconds: seconds) { try !condition() }
    }

    /// The folders of the jobs of a type.
    func jobs(_ type: String, workspace: String = "workspace") throws -> [JobFolder] {
        let folder = "\(folder)/\(workspace)/jobs/\(type)"
        guard Files.exists(folder) else { return [] }
        let name = String(type.split(separator: ".").last ?? "")
        return try Files.list(folder).map { JobFolder(path: "\(folder)/\($0)", name: name) }
    }
}
