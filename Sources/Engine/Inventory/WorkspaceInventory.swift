/// What is in a workspace, from the logs of its runs: no folder is listed where a log tells.
package struct WorkspaceInventory {
    package let workspace: Workspace

    package init(_ workspace: Workspace) { self.workspace = workspace }

    /// The names of the experiments.
    package var experiments: [String] {
        ((try? Files.list("\(workspace.path)/experiments")) ?? []).filter {
            !RunHistory(experiment: $0, in: workspace).names.isEmpty
        }
    }

    /// The jobs of the newest run of each experiment, or of one; the last submitted first, each once.
    ///
    /// - Parameters:
    ///   - count: how many at most; then only the ends of the logs are read.
    ///   - everyRun: whether earlier runs count too.
    package func jobs(of experiment: String? = nil, count: Int? = nil, everyRun: Bool = false) -> [JobRecord]
    {
        var found: [JobRecord] = []
        for name in experiment.map({ [$0] }) ?? experiments {
            let history = RunHistory(experiment: name, in: workspace)
            for run in everyRun ? history.names.reversed() : history.names.suffix(1) {
                found += jobs(in: "\(workspace.experiment(name))/\(run)", name, run, count)
            }
        }
        found.sort { ($0.submitted?.microseconds ?? 0) > ($1.submitted?.microseconds ?? 0) }
        var seen: Set<String> = []
        found.removeAll { !seen.insert("\($0.task)/\($0.identifier)").inserted }
        if let count { found = Array(found.prefix(count)) }
        return found
    }

    private func jobs(in folder: String, _ experiment: String, _ run: String, _ count: Int?) -> [JobRecord] {
        let log = "\(folder)/jobs.jsonl"
        var bytes: [UInt8]
        if let count {
            // A line has some 200 bytes; a long one costs another look.
            var size = max(4096, count * 400)
            repeat {
                bytes = Files.tail(log, count: size) ?? []
                size *= 4
            } while bytes.count * 4 >= size && bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count + 1
        } else {
            bytes = (try? Files.read(log)) ?? []
        }
        // The first and the last line of what was read may be torn: they are no JSON then.
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let json = try? JSON.parse(Array(line)), let task = json["task_id"]?.string,
                let identifier = json["job_id"]?.string, Self.isSafe(task), Self.isSafe(identifier)
            else { return nil }
            var record = JobRecord(workspace, task: task, identifier: identifier)
            record.experiment = experiment
            record.run = run
            if case .object(let tags)? = json["tags"] { record.tags = tags.map { ($0.name, $0.value) } }
            record.dependencies = json["depends_on"]?.array?.compactMap(\.string) ?? []
            if let seconds = json["timestamp"]?.number, abs(seconds) < 1e11 {
                record.submitted = Timestamp(microseconds: Int64(seconds * 1e6))
            }
            return record
        }
    }

    /// A name from a file becomes part of a path.
    private static func isSafe(_ name: String) -> Bool {
        !name.isEmpty && !name.contains("/") && !name.hasPrefix(".")
    }

    /// Every folder below `jobs/`, whether a run knows it or not; links are left out.
    package func folders() -> [JobRecord] {
        ((try? Files.list(workspace.jobs)) ?? []).flatMap { task in
            ((try? Files.list("\(workspace.jobs)/\(task)")) ?? []).compactMap { identifier in
                let record = JobRecord(workspace, task: task, identifier: identifier)
                return Files.kind(record.folder.path, followingLinks: false) == .folder ? record : nil
            }
        }
    }

    /// The folders that no run refers to, neither itself nor through a link.
    package func orphans() -> [JobRecord] {
        var known = Set(jobs(everyRun: true).map { "\($0.task)/\($0.identifier)" })
        for task in (try? Files.list(workspace.jobs)) ?? [] {
            for identifier in (try? Files.list("\(workspace.jobs)/\(task)")) ?? [] {
                if known.contains("\(task)/\(identifier)"),
                    let target = Files.linkTarget("\(workspace.jobs)/\(task)/\(identifier)")
                {
                    known.insert(target.hasPrefix("../") ? String(target.dropFirst(3)) : target)
                }
            }
        }
        return folders().filter { !known.contains("\($0.task)/\($0.identifier)") }
    }
}
