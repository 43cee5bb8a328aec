import Glibc
import Synchronization
package import System
package import Text

/// The content of `status.json`.
package struct RunStatus: Sendable {
    package static let version: Int64 = 1

    /// How it ended; nil while it runs.
    package var end: RunEnd?
    package var ended: Timestamp?
    /// Where its jobs stand, while it runs.
    package var counts = JobCounts()
    /// Where each of them stands, in experimaestro's words; nil for too many.
    package var states: [(identifier: String, state: String)]?
    /// The services by their ids, as experimaestro's `full_state_dict`.
    package var services: JSON = [:]

    package init() {}

    /// What `status.json` should say of a run that has no process any more: it was interrupted, and of its
    /// services those live that live by themselves.
    ///
    /// - Parameter run: the folder of the run.
    package static func settled(_ members: [JSON.Member], run: String) -> JSON {
        .object(
            members.map { member in
                switch (member.name, member.value) {
                case ("status", _): .init("status", "interrupted")
                case ("services", .object(let services)):
                    .init("services", .object(services.map { settled(service: $0, run: run) }))
                default: member
                }
            })
    }

    private static func settled(service: JSON.Member, run: String) -> JSON.Member {
        .init(service.name, settled(service.value, id: service.name, run: run))
    }

    private static func settled(_ service: JSON, id: String, run: String) -> JSON {
        guard case .object(var members) = service else { return service }
        let record = ServiceRecord.read(ServiceFolder(id, in: run))
        for index in members.indices {
            switch (members[index].name, members[index].value) {
            // An error stays one where nothing else is known.
            case ("state", let state) where record != nil || state != "ERROR":
                members[index].value = .string((record?.actualState ?? .stopped).name)
            case ("url", _): if let record { members[index].value = .optional(record.url) }
            case ("error", _): if let record { members[index].value = .optional(record.state.error) }
            case ("subservices", .array(let parts)):
                members[index].value = .array(
                    parts.map { settled($0, id: "\(id)/\($0["service_id"]?.string ?? "")", run: run) })
            default: break
            }
        }
        return .object(members)
    }

    /// Writes what became of the services of a run that is over; nothing where it cannot be read or written:
    /// their own records count.
    package static func settleServices(ofRun run: String) {
        let path = "\(run)/status.json"
        guard let bytes = try? Files.read(path, limit: 1 << 26),
            case .object(var members)? = try? JSON.parse(bytes),
            members.first(where: { $0.name == "status" })?.value != "running",
            let index = members.firstIndex(where: { $0.name == "services" }),
            case .object(let services) = members[index].value
        else { return }
        members[index].value = .object(services.map { settled(service: $0, run: run) })
        try? Files.replace(path, with: JSON.object(members).prettyBytes)
    }

    func json(of run: RunFolder) -> JSON {
        let counts = end?.counts ?? counts
        return [
            "version": .int(Self.version), "experiment_id": .string(run.experiment),
            "run_id": .string(run.run),
            "status": .string(end?.state.rawValue ?? "running"), "run_mode": .string(run.mode.rawValue),
            "reason": .optional(end?.reason),
            "exit_code": end.map { .int(Int64($0.exitCode)) } ?? .null,
            "hostname": .string(Environment.hostName), "pid": .int(Int64(getpid())),
            "user": .string(Environment.userName),
            "started_at": .string(run.started.iso), "ended_at": .optional(ended?.iso),
            // The same, whatever the zone of who reads it.
            "started": .float(run.started.seconds), "ended": ended.map { .float($0.seconds) } ?? .null,
            "counts": .object(counts.byState.map { .init($0.state, .int(Int64($0.count))) }),
            // What experimaestro's lists show.
            "total_jobs": .int(Int64(counts.submitted)),
            "finished_jobs": .int(Int64(counts.done + counts.cached)),
            "failed_jobs": .int(Int64(counts.failed + counts.cancelled)),
            "job_states": states.map { states in
                .object(states.map { .init($0.identifier, .string($0.state)) })
            } ?? [:],
            "actions": .object(
                RunAction.all(in: run.path).map { action in
                    .init(
                        action.name,
                        [
                            "action_id": .string(action.name), "description": .string(action.description),
                            "class": .string(action.typeID),
                        ])
                }),
            "run_tags": .array(RunTags.read(run.path).map(JSON.string)),
            "services": services,
        ]
    }
}
