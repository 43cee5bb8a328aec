import CSystemShim
import Glibc
import Model
import Store
import System
import Text

/// Runs the script of one job alone, as a user does who debugs a task, or a batch system.
///
/// Output goes where this process writes; lock, needs and outcome are as in a run.
package enum Standalone {
    /// - Returns: the exit code, and what to say: 0 done; the program's own code, or 128 + signal; 2 where it
    ///   cannot run now.
    package static func run(_ path: String, lua: @escaping LuaBody) -> (code: Int32, message: String?) {
        xsys_expect_children()
        // What the program leaves behind comes here, and can be found.
        xsys_adopt_orphans()
        let script = Paths.absolute(path)
        guard let language = JobScript.Language(rawValue: String(script.cut(atLast: ".")?.after ?? ""))
        else {
            return (2, "\(path): \(JobScriptError.notAScript.text)")
        }
        let folder = JobFolder(path: Paths.parent(script), name: Paths.stem(script))
        do throws(SystemError) {
            let text = try Files.readText(script)
            var header: JobScript.Header?
            do throws(JobScriptError) {
                let read = try JobScript.header(of: text)
                header = read
                for need in read.needs
                where !JobFolder(outcome: Paths.absolute(need, from: folder.path)).isDone {
                    throw JobScriptError.unfinished(
                        need: Paths.shown(Paths.absolute(need, from: folder.path)))
                }
            } catch { return (2, "\(path): \(error.text)") }
            if folder.isDone {
                return (0, "done already; remove \(Paths.shown(folder.done)) to run it again")
            }
            try Workspace(path: folder.workspace).chooseLocks()
            try folder.checkPlace()
            guard let lock = try FileLock.take(folder.lock, program: folder.process) else {
                let process =
                    ProcessRecord.read(folder.process).map { ": \($0.text)" } ?? ""
                return (2, "it is running already\(process)")
            }
            if folder.isDone {
                return (0, "done already; remove \(Paths.shown(folder.done)) to run it again")
            }
            try Files.remove(folder.failed)
            try Files.remove(folder.stopMark)
            var order = JobOrder(folder: folder, language: language)
            order.takeBatchJob(header?.requirement?.alternatives.first)
            let attempt = JobAttempt(order, signals: order.batch == nil ? nil : xsys_signals(), lua: lua)
            let outcome =
                attempt.run(holding: lock, output: .inherited, orders: -1) { message in
                    if case .waiting(let reason) = message {
                        StandardStream.error.write("xpm-job: \(reason)\n")
                    }
                } ?? Outcome(.cancelled)
            if let signal = outcome.signal { return (128 + signal, outcome.text) }
            if outcome.reason == .launch { return (2, outcome.text) }
            return (outcome.exitCode ?? 0, nil)
        } catch { return (2, error.text) }
    }

    /// Ends the process at once, with what was printed.
    package static func exit(_ code: Int32) -> Never {
        xsys_flush_output()
        _exit(code)
    }
}
