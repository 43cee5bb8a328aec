package import Store
package import Text

/// Something that lives beside a run: TensorBoard, a file server, a metrics sync.
package protocol Service: AnyObject, Sendable {
    /// Its name among the services of the run; that of a sub-service with its parent's before it:
    /// `monitor/tensorboard`.
    var id: String { get }
    var description: String { get }
    /// Where it stands, and who is told of it.
    var status: ServiceStatus { get }
    /// Where it is to be reached; nil where it is not, or not yet.
    var url: String? { get }
    /// Its log; nil where it has none.
    var log: String? { get }
    /// Those that it consists of, which can be started and stopped for themselves.
    var parts: [any Service] { get }
    /// Whether it stays when the run ends.
    var outlivesRun: Bool { get }
    /// Whether the run fails with it.
    var failsRun: Bool { get }
    /// What it was made with, for `status.json`; paths relative to the run.
    var constructor: JSON { get }

    /// Begins to start it; does not wait. Nothing happens where it is up.
    func start()
    /// Stops it and waits for that. Nothing happens where it is not up.
    func stop()
    /// Called at the end of the run for one that stays: waits until it is up, or has failed; stops it if it
    /// is still starting when that is cut short.
    func settle(unless isCut: () -> Bool)
}

extension Service {
    package var state: ServiceState { status.state }

    /// As experimaestro's `full_state_dict`.
    package func json(experiment: String, run: String) -> JSON {
        var members: [JSON.Member] = [
            .init("service_id", .string(id)), .init("description", .string(description)),
            .init("class", .string("xpm.service")), .init("state_dict", constructor),
            .init("experiment_id", .string(experiment)), .init("run_id", .string(run)),
            .init("state", .string(state.name)), .init("url", .optional(url)),
            .init("error", .optional(state.error)),
        ]
        if !parts.isEmpty {
            members.append(
                .init(
                    "subservices",
                    .array(
                        parts.map { part in
                            [
                                "service_id": .string(
                                    part.id.split(separator: "/").last.map(String.init) ?? ""),
                                "description": .string(part.description), "state": .string(part.state.name),
                                "url": .optional(part.url),
                            ]
                        })))
        }
        return .object(members)
    }
}

/// Follows services. Called for each change, in order, one at a time; on whichever thread the change
/// happened.
package protocol ServiceListener: AnyObject, Sendable {
    func stateChanged(of service: any Service, from old: ServiceState, to new: ServiceState)
}
