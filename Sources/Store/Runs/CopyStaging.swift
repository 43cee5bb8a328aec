import Glibc
import System
import Text

/// The folders in a workspace in which copies of experiments lie until each thing in them is whole.
package enum CopyStaging {
    private static let prefix = ".xpm-copy."
    /// In such a folder: the record of the process that copies.
    package static let owner = ".process"

    /// The folder of this process.
    package static func folder(in workspace: Workspace) -> String {
        "\(workspace.path)/\(prefix)\(Environment.hostName).\(getpid())"
    }

    /// What copies that were killed, on this host, have not put in its place; and those of a host that is
    /// gone.
    package static func abandoned(in workspace: Workspace, gone: String? = nil) -> [String] {
        stagings(in: workspace).filter { !$0.mayLive || $0.host == gone }.map(\.path)
    }

    /// Who copies an experiment into a workspace now: `process 12 on host`.
    static func underWay(in workspace: Workspace) -> [String] {
        stagings(in: workspace).filter(\.mayLive).map { $0.record?.text ?? "process \($0.pid) on \($0.host)" }
    }

    private static func stagings(
        in workspace: Workspace
    ) -> [(path: String, host: String, pid: Int32, record: ProcessRecord?, mayLive: Bool)] {
        ((try? Files.list(workspace.path)) ?? []).compactMap { name in
            guard let parts = name.after(prefix)?.split(separator: "."),
                let pid = parts.last.flatMap({ Int32($0) })
            else { return nil }
            let host = parts.dropLast().joined(separator: ".")
            let record = ProcessRecord.read("\(workspace.path)/\(name)/\(owner)")
            let mayLive =
                host != Environment.hostName || record?.isElsewhere ?? false
                || record?.isAlive ?? ProcessRecord.exists(pid)
            return ("\(workspace.path)/\(name)", host, pid, record, mayLive)
        }
    }
}
