import Model
package import Store
package import System
import Text

/// Looks for what dead processes left in a workspace, and for damage.
package struct WorkspaceDoctor: Sendable {
    let workspace: Workspace

    package struct Finding: Sendable {
        package let path: String
        package let problem: String
        /// Mends it, where that cannot lose anything.
        package let cure: (@Sendable () throws(SystemError) -> Void)?
        /// Whether nothing has to be done about it.
        package var isNote = false
    }

    /// A host that never comes back.
    private let gone: String?

    /// Told what cannot be read.
    let warn: @Sendable (SystemError) -> Void
    /// The logs of runs, of which several may be one file.
    let logs: RunLogs

    package init(
        _ workspace: Workspace, gone: String? = nil,
        warn: @escaping @Sendable (SystemError) -> Void = { _ in }
    ) {
        self.workspace = workspace
        self.gone = gone
        self.warn = warn
        logs = RunLogs(in: workspace)
    }

    /// - Parameter told: told now and then how many jobs were looked at, of how many.
    package func findings(_ told: @escaping @Sendable (Int, Int) -> Void = { _, _ in }) -> [Finding] {
        let inventory = WorkspaceInventory(workspace) { [warn] problem in
            // A link to what is not there is found below.
            if case .unreadable(let error) = problem, !error.isMissing { warn(error) }
        }
        var found: [Finding] = []
        if !Files.exists("\(workspace.path)/.__experimaestro__") {
            let marker = "\(workspace.path)/.__experimaestro__"
            found.append(
                Finding(path: marker, problem: "the mark of a workspace is missing") {
                    () throws(SystemError) in
                    try Files.write([], to: marker)
                })
        }
        if let gone { found += claims(of: gone, inventory) }
        found += abandonedCopies(gone: gone)
        for name in inventory.experiments { found += runs(of: name) }
        let types = JobPlaces(in: workspace, warn: warn)
        let looks = looks(at: types, told)
        for look in looks { found += look.findings }
        return found + batches() + danglingLinks(types) + strangers(types, looks)
    }

    // MARK: Links

    private static func isDangling(_ path: String) -> Bool {
        Files.kind(path, followingLinks: false) == .link && !Files.exists(path)
    }

    /// Links of the workspace that lead to nothing.
    private func danglingLinks(_ types: JobPlaces) -> [Finding] {
        func links(in folder: String) -> [String] {
            ((try? Files.entries(folder)) ?? []).filter { $0.kind == .link }.map { "\(folder)/\($0.name)" }
        }
        let experiments = "\(workspace.path)/experiments"
        let parts = [experiments, workspace.sources, workspace.partials, workspace.tokens]
        let folders = parts + parts.dropLast().flatMap(Files.paths(in:))
        let runs = Files.paths(in: experiments).flatMap(Files.paths(in:))
        let shared = Files.paths(in: workspace.partials).flatMap(Files.paths(in:))
        let found =
            ([workspace.jobs] + parts).filter(Self.isDangling) + (folders + runs + shared).flatMap(links)
            + types.links
        return TextSet(found.filter { !Files.exists($0) }).ordered.map(dangling) + linksOfRuns()
    }

    private func dangling(_ path: String) -> Finding {
        let experiment = Paths.name(Paths.parent(path))
        let target = Files.linkTarget(path) ?? "?"
        // One within the workspace: what it leads to would be there.
        if Paths.parent(Paths.parent(path)) == workspace.jobs, target.hasPrefix("../") {
            return Finding(path: path, problem: "a link to a folder that is gone") { () throws(SystemError) in
                try Files.remove(path)
            }
        }
        if Paths.name(path) == "current", path == "\(workspace.experiment(experiment))/current" {
            return Finding(path: path, problem: "a link to a run that is gone") { () throws(SystemError) in
                if let newest = RunHistory(experiment: experiment, in: workspace).newest {
                    try Files.link(path, to: newest)
                } else {
                    try Files.remove(path)
                }
            }
        }
        return Finding(
            path: path,
            problem:
                "a link to \(target), which is not there: mount or restore that, or remove the link",
            cure: nil)
    }

    /// What runs say of jobs that were removed: nothing has to be done about it.
    private func linksOfRuns() -> [Finding] {
        Files.paths(in: "\(workspace.path)/experiments").flatMap { experiment -> [Finding] in
            if FileLock.isHeld("\(experiment)/lock") { return [] }
            return RunHistory(experiment: Paths.name(experiment), in: workspace).names.compactMap { run in
                let folder = "\(experiment)/\(run)/jobs"
                guard Files.isFolder(folder, below: workspace.path) else { return nil }
                let links = Files.paths(in: folder).flatMap { type in
                    ((try? Files.entries(type)) ?? []).filter { $0.kind == .link }.map {
                        "\(type)/\($0.name)"
                    }
                }
                .filter { !Files.exists($0) }
                if links.isEmpty { return nil }
                let what =
                    links.count == 1 ? "1 link to a job that is" : "\(links.count) links to jobs that are"
                return Finding(
                    path: folder, problem: "\(what) gone",
                    cure: { () throws(SystemError) in for link in links { try Files.remove(link) } },
                    isNote: true)
            }
        }
    }

    /// What is in the folders of jobs, of kept code and of shared folders, and not of xpm's make: nothing
    /// removes it.
    private func strangers(_ types: JobPlaces, _ looks: [JobLook]) -> [Finding] {
        func isFolder(_ path: String) -> Bool { Files.kind(path, followingLinks: false) == .folder }
        let places = [workspace.jobs, workspace.sources, workspace.partials].filter {
            Files.kind($0, followingLinks: false) != nil
        }
        var strange = places.filter { !isFolder($0) }
        strange += types.others + zip(types.jobs, looks).filter { !$1.isMade }.map(\.0.folder.path)
        for experiment in Files.paths(in: workspace.sources) {
            strange +=
                isFolder(experiment)
                ? Files.paths(in: experiment).filter { !SourceTree.isMade($0, in: workspace) } : [experiment]
        }
        for type in Files.paths(in: workspace.partials) {
            for name in isFolder(type) ? Files.paths(in: type) : [type] {
                strange +=
                    isFolder(name)
                    ? Files.paths(in: name).filter { !isFolder($0) || Identifier(hex: Paths.name($0)) == nil }
                    : [name]
            }
        }
        // A link that leads nowhere is told with the others.
        return strange.filter { !Self.isDangling($0) }.map { path in
            let isLink = Files.kind(path, followingLinks: false) == .link
            return Finding(
                path: path,
                problem: isLink
                    ? "a link that xpm has not made: nothing behind it is removed"
                    : "not of xpm's make: it is left alone", cure: nil, isNote: true)
        }
    }

    /// What a host has locked.
    private func claims(of host: String, _ inventory: WorkspaceInventory) -> [Finding] {
        let experiments = (try? Files.list("\(workspace.path)/experiments")) ?? []
        var locks = [workspace.cleaning]
        for name in experiments {
            locks += [workspace.lock(ofExperiment: name), workspace.planning(ofExperiment: name)]
        }
        locks += inventory.folders().map(\.folder.lock)
        for shared in [workspace.tokens, workspace.partials] { locks += Files.locks(below: shared) }
        let records = experiments.map { workspace.lock(ofExperiment: $0) }.filter {
            ProcessRecord.read($0)?.host == host && host != Environment.hostName
        }
        let notes = records.map { lock in
            Finding(path: lock, problem: "it names \(host), which is gone") { () throws(SystemError) in
                try Files.write([], to: lock)
            }
        }
        return notes
            + locks.filter { LockClaim.owner(of: $0)?.host == host }.map { lock in
                Finding(path: lock, problem: "it is held by \(host)") { () throws(SystemError) in
                    _ = try LockClaim.forget(lock, ofHost: host)
                }
            }
    }

    /// What copies that were killed have not put in its place.
    private func abandonedCopies(gone: String?) -> [Finding] {
        CopyStaging.abandoned(in: workspace, gone: gone).map { path in
            Finding(path: path, problem: "a copy that was not finished") { () throws(SystemError) in
                try Files.removeTree(path, below: workspace.path)
            }
        }
    }

    // MARK: Runs

    private func runs(of experiment: String) -> [Finding] {
        let folder = workspace.experiment(experiment)
        guard Files.isFolder(folder, below: workspace.path) else { return [] }
        // A live run changes these files itself.
        if FileLock.isHeld(workspace.lock(ofExperiment: experiment)) { return [] }
        var found = temporaryFiles(in: folder)
        for run in RunRecord.all(of: experiment, in: workspace) {
            let status = "\(run.path)/status.json"
            if let json = record(status, &found), json["status"] == "running" {
                found.append(stale(status, json))
            }
            _ = record("\(run.path)/environment.json", &found)
            for name in RunFolder.logs {
                let path = "\(run.path)/\(name)"
                if let torn = tornLine(path) { found.append(torn) }
                if let damage = damage(of: path, run) { found.append(damage) }
            }
            if let loss = logs.lostJobs(inRun: run.path) {
                found.append(
                    Finding(
                        path: "\(run.path)/jobs.jsonl",
                        problem:
                            "\(loss): xpm gc removes nothing while it is so; restore it, or remove the run: \(Self.removal(of: run))",
                        cure: nil))
            }
            if !Files.exists(status), Files.exists("\(run.path)/jobs.jsonl") {
                found.append(
                    Finding(
                        path: status,
                        problem:
                            "it is gone: nobody knows how the run ended; restore it, or remove the run: \(Self.removal(of: run))",
                        cure: nil))
            }
            found += temporaryFiles(in: run.path)
        }
        return found
    }

    private func stale(_ path: String, _ json: JSON) -> Finding {
        Finding(path: path, problem: "it says that the run goes on, which has no process") {
            () throws(SystemError) in
            guard case .object(let members) = json else { return }
            try Files.replace(path, with: RunStatus.settled(members, run: Paths.parent(path)).prettyBytes)
        }
    }

    /// What a file of a run says; what is wrong with it is found.
    private func record(_ path: String, _ found: inout [Finding]) -> JSON? {
        do throws(SystemError) {
            let bytes = try Files.read(path, limit: 1 << 26)
            if let json = try? JSON.parse(bytes) { return json }
            found.append(
                Finding(
                    path: path, problem: "it cannot be read: no JSON; restore it, or remove it", cure: nil))
        } catch {
            if error.isDenied {
                warn(error)
            } else if !error.isMissing {
                found.append(Finding(path: path, problem: "\(error.text)", cure: nil))
            }
        }
        return nil
    }

    private static func removal(of run: RunRecord) -> String {
        "xpm experiments delete \(ShellWords.quote(run.experiment)) --run \(run.run) --perform"
    }

    /// Why a log cannot be read as a whole. A torn last line is another thing.
    private func damage(of path: String, _ run: RunRecord) -> Finding? {
        let isOfJobs = Paths.name(path) == "jobs.jsonl"
        let removal = Self.removal(of: run)
        let stops = isOfJobs ? ": xpm gc removes nothing while it is so" : ""
        do throws(SystemError) {
            guard let number = try logs.damagedLine(of: path) else { return nil }
            return Finding(
                path: path,
                problem:
                    "line \(number) cannot be read\(stops); restore it, or remove the line, or the run: \(removal)",
                cure: nil)
        } catch {
            if error.isDenied {
                warn(error)
                return nil
            }
            // Only a run that says how it stands must have told of its jobs.
            if error.isMissing, !isOfJobs || !Files.exists("\(run.path)/status.json") { return nil }
            return Finding(
                path: path,
                problem:
                    "\(error.isMissing ? "it is gone" : "\(error.text)")\(stops); restore it, or remove the run: \(removal)",
                cure: nil)
        }
    }

    private func tornLine(_ path: String) -> Finding? {
        guard LineLog.isTorn(path) else { return nil }
        return Finding(path: path, problem: "its last line is torn") { () throws(SystemError) in
            try LineLog.mend(path)
        }
    }

    private func temporaryFiles(in folder: String) -> [Finding] {
        temporaryFiles((try? Files.list(folder)) ?? [], in: folder)
    }

    /// Those of some names in a folder.
    func temporaryFiles(_ names: [String], in folder: String) -> [Finding] {
        names.filter(Files.isTemporary).map { name in
            Finding(path: "\(folder)/\(name)", problem: "a temporary file that nobody writes any more") {
                () throws(SystemError) in
                try Files.remove("\(folder)/\(name)")
            }
        }
    }
}
