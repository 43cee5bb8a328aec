import System
import Text

/// A command of a batch system, run to its end.
enum BatchCommand {
    /// Seconds that one may take; Slurm's own give up after ten or so.
    static let patience = 60.0

    /// - Parameters:
    ///   - takesErrors: whether what it says is on standard error.
    ///   - problem: what it means that it failed, with what it said, and its name.
    /// - Returns: what it printed on standard output.
    static func run(
        _ arguments: [String], environment: EnvironmentBlock, takesErrors: Bool = false,
        problem: (String, String) -> BatchError
    ) throws(BatchError) -> String {
        let answer: Command.Answer
        do throws(SystemError) {
            answer = try Command(arguments, environment: environment, patience: patience).run()
        } catch {
            if error.isMissing { throw .missing(arguments[0]) }
            throw .unreachable(error.text)
        }
        if answer.isLate { throw .unreachable("\(arguments[0]) did not end within \(Int(patience)) s") }
        guard answer.code == 0 else {
            throw problem(answer.error.isEmpty ? answer.output : answer.error, arguments[0])
        }
        return takesErrors ? answer.error : answer.output
    }
}
