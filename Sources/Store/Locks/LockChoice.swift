import CSystemShim
import Glibc
import Model
package import System
import Text

/// How the locks of a workspace work: by flock(2), or by claims where that does not work on its disk.
///
/// Whoever finds out that it does not makes the folder `.xpm-locks`, so that all xpm on the workspace do the
/// same.
package enum LockChoice {
    private static func folder(in workspace: String) -> String { "\(workspace)/.xpm-locks" }

    /// The variables by which a runner learns the folder, and the run as a batch job that it belongs to.
    private static let variable = "XPM_LOCKS"
    private static let runVariable = "XPM_LOCKS_RUN"

    /// The environment of a runner for jobs of a workspace.
    package static func environment(in workspace: String) -> EnvironmentBlock {
        guard LockClaim.isInUse else { return .current }
        let run = LockClaim.ofRun.map { [(runVariable, $0.nonce)] } ?? []
        return EnvironmentBlock.current.setting([(variable, folder(in: workspace))] + run)
    }

    /// Finds out how the locks of a workspace work, and takes them so from here on.
    ///
    /// - Parameter probe: a file in it that is never locked for long.
    package static func decide(in workspace: String, probe: String) throws(SystemError) {
        if follow(workspace) { return }
        guard !flockWorks(probe) || mountForgetsLocks(workspace) else { return }
        try useClaims(in: workspace, because: "take locks by files")
    }

    /// Takes locks by claims from here on: also where flock(2) seems to work, as for the jobs of a batch
    /// system, whose nodes may not see it.
    ///
    /// - Throws: EBUSY where another process takes them by flock(2).
    package static func useClaims(in workspace: String, because purpose: String) throws(SystemError) {
        if follow(workspace) { return }
        // Who only reads, where nothing can be written, has none to take.
        guard Files.isWritable(workspace) else { return }
        // Whoever uses flock(2) now, by another path to the same folder, would not see a claim.
        if let other = user(of: workspace) {
            throw SystemError(
                "\(purpose) while \(other.text) takes them by flock(2): end that first; where it is gone, xpm doctor --mend --gone HOST, by the path that it has used",
                workspace,
                code: EBUSY)
        }
        try Files.makeFolder(folder(in: workspace), below: workspace)
        follow(workspace)
    }

    /// Takes locks as the workspace says.
    ///
    /// - Returns: whether it says something.
    @discardableResult
    package static func follow(_ workspace: String) -> Bool {
        let folder = folder(in: Paths.absolute(workspace))
        let isThere = Files.exists(folder)
        LockClaim.folder = isThere ? folder : nil
        return isThere
    }

    /// In a runner: takes locks as the one that started it. Its programs are not told.
    package static func followStarter() {
        LockClaim.folder = Environment[variable]
        LockClaim.ofRun = Environment[runVariable].map { BatchHolder(nonce: $0, index: 0, isRun: true) }
        for name in [variable, runVariable] { Environment.remove(name) }
    }

    /// A process that may go on in a workspace, as the locks of its experiments and its jobs' records tell;
    /// one of another machine may. Looked at once in a workspace's life.
    private static func user(of workspace: String) -> ProcessRecord? {
        func user(_ path: String) -> ProcessRecord? {
            ProcessRecord.read(path).flatMap {
                ($0.isAlive || $0.isElsewhere) && $0 != ProcessRecord(pid: getpid()) ? $0 : nil
            }
        }
        let locks = Files.paths(in: "\(workspace)/experiments").map { "\($0)/lock" }
        if let found = locks.lazy.compactMap(user).first { return found }
        for type in Files.paths(in: "\(workspace)/jobs") {
            let name = ConfigType.shortName(ofKey: Paths.name(type))
            if let found = Files.paths(in: type).lazy.compactMap({ user("\($0)/\(name).pid") }).first {
                return found
            }
        }
        return nil
    }

    /// Whether a lock that is held is seen to be held.
    private static func flockWorks(_ path: String) -> Bool {
        guard let first = try? Descriptor(opening: path, O_RDWR),
            let second = try? Descriptor(opening: path, O_RDWR)
        else { return true }
        let result = xsys_lock(first.number, true)
        // Another xpm that looks at the same moment holds it: so it can be held.
        if result == -EWOULDBLOCK { return true }
        if result < 0 { return false }
        defer { _ = xsys_unlock(first.number) }
        return xsys_lock(second.number, true) == -EWOULDBLOCK
    }

    /// Whether the disk is shared by hosts that do not see each other's locks: by the options of its mount
    /// (proc(5), mountinfo; nfs(5)).
    private static func mountForgetsLocks(_ path: String) -> Bool {
        let text = (try? Files.readText("/proc/self/mountinfo", limit: 1 << 22)) ?? ""
        return forgetsLocks(path: Paths.real(path), mounts: text)
    }

    static func forgetsLocks(path: String, mounts: String) -> Bool {
        var best: (length: Int, kind: Substring, options: TextSet)?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3, fields.count > 4 else {
                continue
            }
            let point = fields[4].replacing("\\040", with: " ")
            let isAbove = point == "/" || path == point || path.hasPrefix("\(point)/")
            // Of two mounts at one place the later counts.
            guard isAbove, point.utf8.count >= best?.length ?? 0 else { continue }
            best = (point.utf8.count, fields[dash + 1], TextSet(fields[dash + 3].split(separator: ",")))
        }
        guard let best else { return false }
        // Each mount has locks of its own, and the folder behind it others: of a user's file system
        // (fuse(4)), and of a virtual machine's host.
        if best.kind == "fuse" || best.kind.hasPrefix("fuse.") { return true }
        if ["9p", "virtiofs", "vboxsf", "prl_fs"].contains(best.kind) { return true }
        if ["cifs", "smb3"].contains(best.kind) { return best.options.contains("nobrl") }
        if best.kind.hasPrefix("nfs") {
            return !best.options.isDisjoint(with: ["nolock", "local_lock=all", "local_lock=flock"])
        }
        return best.kind == "lustre"
            && (best.options.contains("localflock") || !best.options.contains("flock"))
    }
}
