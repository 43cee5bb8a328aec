// The process of a job.
//
//     xpm-job SCRIPT     runs the one task of a generated script
//     xpm-job --runner   hosts one job after the other, as xpm sends them
//     xpm-job --service  hosts one service
//     xpm-job --batch …  hosts one job of an array, on a node of a cluster
//     xpm-job --pilot …  hosts one job of a list after the other there
//     xpm-job --probe …  tells what a node of a cluster sees of the workspace
import Engine
import LuaBridge
import System
import Text

StandardStream.openAll()
Signals.surviveFileLimit()

let arguments = Arguments.all.dropFirst()

func leave(_ message: String, code: Int32) -> Never {
    StandardStream.error.write("xpm-job: \(message)\n")
    Standalone.exit(code)
}

if arguments.first != "--help", let problem = Surroundings.problem { leave(problem, code: 2) }

do {
    switch arguments.first {
    case JobRunner.flag:
        // The interpreter is ready before the first job; each job takes it along in a process of its own.
        let session = try TaskSession()
        try TaskSession.rehearse()
        JobRunner.serve { session.run($0) }
    case ServiceHost.flag: ServiceHost.serve()
    case BatchHost.flag, BatchHost.pilotFlag:
        // A pilot has the interpreter ready for its Lua tasks; one job may be none.
        let session = arguments.first == BatchHost.pilotFlag ? try TaskSession() : nil
        let result = BatchHost.run(arguments.first ?? "", Array(arguments.dropFirst())) { task in
            do { return try (session ?? TaskSession()).run(task) } catch {
                StandardStream.error.write("xpm-job: \(error.shown)\n")
                return 1
            }
        }
        if let message = result.message { StandardStream.error.write("xpm-job: \(message)\n") }
        Standalone.exit(result.code)
    case BatchProbe.flag:
        if let message = BatchProbe.run(Array(arguments.dropFirst())) { leave(message, code: 2) }
    case "--help", "-h", nil:
        StandardStream.output.write(
            "Usage: xpm-job SCRIPT\n\nRuns the one task of a script that xpm generated in a job folder. See 'xpm help run'.\n"
        )
        Standalone.exit(arguments.isEmpty ? 64 : 0)
    case .some(let path):
        let session = try TaskSession()
        let result = Standalone.run(path) { session.run($0) }
        if let message = result.message { StandardStream.error.write("xpm-job: \(message)\n") }
        Standalone.exit(result.code)
    }
} catch {
    leave("\(error)", code: 2)
}
