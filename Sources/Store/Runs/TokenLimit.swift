package import System
import Text

/// How many of a token the script of a live run counts: `tokens/NAME/EXPERIMENT.limit.lock` has the number,
/// and is locked while the run is alive.
///
/// Where live runs count differently, the smallest number holds for all (`SharedLocks`).
package enum TokenLimit {
    private static let suffix = ".limit.lock"

    /// Where the tokens are that all runs of a user share on a machine: in `$XDG_STATE_HOME/xpm`, or
    /// `~/.local/state/xpm`.
    package static var userFolder: String {
        let folder =
            Environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(Paths.home)/.local/state"
        return "\(folder)/xpm/tokens"
    }

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
        if token.hasPrefix("\(workspace.path)/") {
            try Files.makeFolder(token, in: workspace.path)
        } else {
            try Files.makeFolder(token)
        }
        let path = path(token, of: experiment)
        guard let lock = try FileLock.take(path) else { return nil }
        do throws(SystemError) { try Files.write(Array("\(count)\n".utf8), to: path) } catch {
            lock.release()
            throw error
        }
        return lock
    }

    /// What the live runs count, by the names of their experiments.
    ///
    /// - Parameter token: the folder of the token.
    package static func all(of token: String) -> [(experiment: String, count: Int)] {
        ((try? Files.list(token)) ?? []).compactMap { name in
            guard name.hasSuffix(suffix) else { return nil }
            let path = "\(token)/\(name)"
            guard FileLock.isHeld(path), let text = try? Files.readText(path, limit: 64),
                let count = text.lines.first.flatMap({ Int($0) }), count > 0
            else { return nil }
            return (String(name.dropLast(suffix.count)), count)
        }
    }
}
