import ArgumentParser
import LuaBridge
import Model
import Settings
import Store
import System
import Text

/// Why a command ends without success. The one place that makes texts and exit codes of errors.
enum Failure: Error {
    /// Bad input, or xpm itself failed: told, then exit code 2.
    case message(String)
    /// All is told already.
    case code(Int32)

    init(_ error: some TextualError) { self = .message(error.text) }

    /// What the user reads; empty where all is told.
    var text: String { if case .message(let text) = self { text } else { "" } }

    /// Does something with the disk, and fails as that does.
    static func onDisk<Result>(_ body: () throws(SystemError) -> Result) throws(Failure) -> Result {
        do throws(SystemError) { return try body() } catch { throw Failure(error) }
    }

    /// Any error that a command can meet.
    init(any error: any Error) { self = error as? Failure ?? .message(error.shown) }

    /// Tells the user and gives what ArgumentParser ends the program with.
    func reported() -> ExitCode {
        switch self {
        case .code(let code): return ExitCode(code)
        case .message(let text):
            StandardStream.error.write("\(Style.standardError.red("error:")) \(text)\n")
            return ExitCode(2)
        }
    }
}

extension Failure {
    /// Tells what a command goes on in spite of.
    static func warn(_ text: String) {
        StandardStream.error.write("\(Style.standardError.yellow("warning:")) \(text)\n")
    }
}
