import ArgumentParser
import Inventory
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
    /// A name that no experiment of a workspace has: the nearest, or those that there are.
    init(noExperiment name: String, in inventory: WorkspaceInventory) {
        let known = inventory.experiments
        // Of a file, or completed as a folder.
        let plain = Paths.stem(name.hasSuffix("/") ? String(name.dropLast()) : name)
        let nearest = known.contains(plain) ? plain : Suggestion.nearest(to: plain, among: known)
        let some = known.prefix(8).joined(separator: ", ") + (known.count > 8 ? ", …" : "")
        let hint =
            nearest.map { " (did you mean '\($0)'?)" }
            ?? (known.isEmpty ? ": it has none" : ": it has \(some)")
        self = .message("no experiment '\(name)' in \(Paths.shown(inventory.workspace.path))\(hint)")
    }

    /// Tells what a command goes on in spite of.
    static func warn(_ text: String) {
        StandardStream.error.write("\(Style.standardError.yellow("warning:")) \(text)\n")
    }
}
