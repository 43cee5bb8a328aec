import ArgumentParser
import Batch
import Engine
import LuaBridge
import Store
import System
import Text

/// A run by a process of its own: in a session of its own, without a terminal, its messages in a file.
///
/// The process is this program again, with the same arguments. It tells by a pipe when the plan is made;
/// until then its end is the end of the command, with its messages and its exit code.
enum DetachedRun {
    /// The variable that gives the new process the number of the pipe.
    private static let variable = "XPM_DETACHED"

    /// Starts the process and waits for its plan.
    ///
    /// - Returns: the exit code.
    static func start(_ files: ExperimentFiles, json: Bool) throws(Failure) -> Int32 {
        let folder = files.workspace.experiment(files.name)
        let log = BatchRun.log(of: files.name, in: files.workspace)
        let arguments = [Paths.real(Environment.program)] + ownArguments
        let environment = EnvironmentBlock.current.setting([(variable, "3")])
        var process: (pid: Int32, told: [UInt8]) = (0, [])
        do throws(SystemError) {
            try files.workspace.create()
            try Files.makeFolder(folder, in: files.workspace.path)
            process = try ChildProcess.startTelling(
                arguments, environment: environment, output: log, channel: 3)
        } catch { throw Failure(error) }
        guard !process.told.isEmpty else {
            let code = ChildProcess.wait(for: process.pid)
            StandardStream.error.write((try? Files.readText(log)) ?? "")
            return code
        }
        if json {
            let line: JSON = [
                "event": "detached", "experiment": .string(files.name), "pid": .int(Int64(process.pid)),
                "job": .null, "launcher": .null, "workspace": .string(files.workspace.path),
                "log": .string(log),
            ]
            StandardStream.output.write(line.text + "\n")
            return 0
        }
        tell(files, "process \(process.pid)", log)
        return 0
    }

    /// Hands in the run as a job of a batch system.
    ///
    /// - Parameter launcher: by whose system.
    /// - Returns: the exit code.
    static func handIn(_ files: ExperimentFiles, to launcher: String, json: Bool) throws(Failure) -> Int32 {
        // What is wrong with the script is told here, and not by a job later.
        let session = PlanSession(files.input, flag: InterruptFlag()) { Failure.warn($0) }
        do throws(PlanError) { try session.load() } catch { throw Failure(error) }
        let sender = try BatchRunKeeper.sender(of: launcher, files)
        let nonce = BatchRecord.newNonce()
        let run = BatchRun(
            experiment: files.name, launcher: launcher, folder: Paths.current,
            arguments: ownArguments, next: nonce)
        try Failure.onDisk { () throws(SystemError) in try files.workspace.createForHosts() }
        guard !FileLock.isHeld(files.workspace.lock(ofExperiment: files.name)) else {
            let holder = ProcessRecord.read(files.workspace.lock(ofExperiment: files.name))
            throw Failure(RunError.busy(experiment: files.name, holder))
        }
        let log = BatchRun.log(of: files.name, in: files.workspace)
        let former = try Failure.onDisk { () throws(SystemError) in
            let former = try BatchRun.change(files.name, in: files.workspace) { known -> BatchRun? in
                if let known, known.isOver(in: files.workspace) != true { return known }
                known = run
                return nil
            }
            if former == nil { try Files.write([], to: log) }
            return former
        }
        guard former == nil else {
            throw Failure(RunError.inQueue(experiment: files.name, launcher: launcher))
        }
        let number: String
        do throws(BatchRunSender.Problem) { number = try sender.send(run, nonce, after: nil) } catch {
            _ = try? BatchRun.change(files.name, in: files.workspace) { known in
                if known?.next == nonce { known = nil }
            }
            throw .message(error.text)
        }
        if json {
            let line: JSON = [
                "event": "detached", "experiment": .string(files.name), "pid": .null,
                "job": .string(number), "launcher": .string(launcher),
                "workspace": .string(files.workspace.path), "log": .string(log),
            ]
            StandardStream.output.write(line.text + "\n")
            return 0
        }
        tell(files, "job \(number) of \(sender.system.title)", log)
        return 0
    }

    /// What `xpm` was called with, without that it is to detach.
    private static var ownArguments: [String] {
        // What follows `--` is the script's, whatever it is called.
        var own: [String] = []
        var rest = Arguments.all.dropFirst().prefix { $0 != "--" }
        while let word = rest.popFirst() {
            if word == "--detach-to" {
                _ = rest.popFirst()
            } else if word != "--detach", !word.hasPrefix("--detach="), !word.hasPrefix("--detach-to=") {
                own.append(word)
            }
        }
        return own + Arguments.all.drop { $0 != "--" }
    }

    private static func tell(_ files: ExperimentFiles, _ holder: String, _ log: String) {
        // Only where the commands would look elsewhere by themselves.
        let usual = (try? WorkspaceOptions.parse([])).flatMap { options in
            try? ExperimentFiles.workspace(options, experiment: files.name)
        }
        let place =
            usual?.path == files.workspace.path && !CallerHost.isElsewhere
            ? "" : " --workdir \(ShellWords.quote(CallerHost.shown(Paths.shown(files.workspace.path))))"
        StandardStream.output.write(
            "\(files.name) goes on as \(holder); its messages: \(Paths.shown(log))\n"
                + "follow it with xpm attach \(files.name)\(place), end it with xpm stop \(files.name)\(place)\n"
        )
    }

    /// In the new process: who is told that the plan is made; nil elsewhere.
    static func teller() -> (any RunObserver)? {
        guard let number = Environment[variable].flatMap({ Int32($0) }) else { return nil }
        // The jobs' programs are no business of the pipe.
        Environment.remove(variable)
        return PlanTeller(number)
    }

    private final class PlanTeller: RunObserver {
        private let pipe: Monitor<Int32?>

        init(_ number: Int32) { pipe = Monitor(number) }

        func observe(_ event: RunEvent) {
            switch event {
            case .planned:
                pipe.withLock { number in
                    if let number { ChildProcess.tell(number) }
                    number = nil
                }
            default: break
            }
        }
    }
}
