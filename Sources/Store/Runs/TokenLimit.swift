package import System
import Text

/// How many of a token the script of a live run counts: `tokens/NAME/EXPERIMENT.limit.lock` has the number,
/// and is locked while the run is alive.
///
/// Where live runs count differently, the smallest number holds for all (`SharedLocks`).
package enum TokenLimit {
    private static let suffix = ".limit.lock"

    /// Where the tokens are that all runs of a user share on a machine.
    package static var userFolder: String { "\(MachineFolder.ofUser)/tokens" }

    private static func path(_ token: String, of experiment: String) -> String {
        "\(token)/\(experiment)\(suffix)"
    }

    /// Says how many a run counts.
    ///
    /// - Parameter token: the folder of the token.
    /// - Returns: the lock, to be held as long as the run is alive; nil where another process holds it for a
    ///   moment.
    package static func declare(
        _ count: Int, of token: String, experiment: String, in workspace: Workspace
    ) throws(SystemError) -> FileLock? {
        let isOfUser = !token.hasPrefix("\(workspace.path)/")
        if isOfUser {
            try Files.makeFolder(token)
        } else {
            try Files.makeFolder(token, in: workspace.path)
        }
        let path = path(token, of: experiment)
        let taken = isOfUser ? try FileLock.takeShared(path) : try FileLock.take(path)
        guard let lock = taken else { return nil }
        do throws(SystemError) { try Files.write(Array("\(count)\n".utf8), to: path) } catch {
            lock.release()
            throw error
        }
        return lock
    }

    /// What the live runs count, by the names of their experiments.
    ///
    /// - Parameters:
    ///   - token: the folder of the token.
    ///   - isOfUser: whether it is one of `userFolder`.
    package static func all(of token: String, isOfUser: Bool) -> [(experiment: String, count: Int)] {
        ((try? Files.list(token)) ?? []).compactMap { name in
            guard name.hasSuffix(suffix) else { return nil }
            let path = "\(token)/\(name)"
            guard FileLock.isHeld(path, isOfMachine: isOfUser),
                let text = try? Files.readText(path, limit: 64),
                let count = text.lines.first.flatMap({ Int($0) }), count > 0
            else { return nil }
            return (String(name.dropLast(suffix.count)), count)
        }
    }
}
