import ArgumentParser
import Engine
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
        let log = "\(folder)/detached.log"
        let program = Paths.real(Environment.program)
        // What follows `--` is the script's, whatever it is called.
        let own = Arguments.all.dropFirst().prefix { $0 != "--" }.filter { $0 != "--detach" }
        let arguments = [program] + own + Arguments.all.drop { $0 != "--" }
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
                "workspace": .string(files.workspace.path), "log": .string(log),
            ]
            StandardStream.output.write(line.text + "\n")
            return 0
        }
        // Only where the commands would look elsewhere by themselves.
        let usual = (try? WorkspaceOptions.parse([])).flatMap { options in
            try? ExperimentFiles.workspace(options, experiment: files.name)
        }
        let place =
            usual?.path == files.workspace.path
            ? "" : " --workdir \(ShellWords.quote(Paths.shown(files.workspace.path)))"
        StandardStream.output.write(
            "\(files.name) goes on as process \(process.pid); its messages: \(Paths.shown(log))\n"
                + "follow it with xpm attach \(files.name)\(place), end it with xpm stop \(files.name)\(place)\n"
        )
        return 0
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
