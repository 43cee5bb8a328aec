import Store
import System
package import Text

/// The services of a run.
///
/// They start when they are added, beside the plan, and stop in the reverse order at its end, but those that
/// are to stay.
package final class ServiceRegistry: Sendable {
    private struct State {
        var services: [any Service] = []
        var listeners: [any ServiceListener] = []
        /// Why the run fails, where a service is to fail it.
        var failure: String?
        var isClosed = false
    }

    private let state = Monitor(State())
    /// Whether services are started: not in a dry run, nor where jobs are only written.
    private let isLive: Bool
    /// Told of the first service that fails the run.
    private let fail: @Sendable (String) -> Void

    package init(isLive: Bool, fail: @escaping @Sendable (String) -> Void = { _ in }) {
        self.isLive = isLive
        self.fail = fail
    }

    package var all: [any Service] { state.withLock { $0.services } }

    /// Why the run fails, if a service has failed it.
    package var failure: String? { state.withLock { $0.failure } }

    /// Adds a service, and starts it with its parts.
    ///
    /// - Returns: false if there is one of that id.
    package func add(_ service: any Service) -> Bool {
        let listeners: [any ServiceListener]? = state.withLock { state in
            guard !state.isClosed, !state.services.contains(where: { $0.id == service.id }) else {
                return nil
            }
            state.services.append(service)
            return state.listeners
        }
        guard let listeners else { return false }
        for one in [service] + service.parts {
            for listener in listeners { one.status.add(listener) }
            one.status.add(Watch(self))
        }
        if isLive { Self.start(service) }
        return true
    }

    /// Tells a listener of every service, also of those that come later.
    package func add(_ listener: any ServiceListener) {
        let services = state.withLock { state in
            state.listeners.append(listener)
            return state.services
        }
        for service in services { for one in [service] + service.parts { one.status.add(listener) } }
    }

    /// Tells some listeners no more, of any service.
    package func remove(where isGone: (any ServiceListener) -> Bool) {
        let services = state.withLock { state in
            state.listeners.removeAll(where: isGone)
            return state.services
        }
        for service in services {
            for one in [service] + service.parts { one.status.remove(where: isGone) }
        }
    }

    /// The service, or the part of one, with an id: `monitor`, `monitor/tensorboard`.
    package func find(_ id: String) -> (any Service)? {
        for service in all {
            if service.id == id { return service }
            if let part = service.parts.first(where: { $0.id == id }) { return part }
        }
        return nil
    }

    package static func start(_ service: any Service) {
        service.start()
        for part in service.parts { part.start() }
    }

    package static func stop(_ service: any Service) {
        for part in service.parts.reversed() { part.stop() }
        service.stop()
    }

    /// Stops them, the last that came first, and waits for those that stay. Nothing is added any more.
    ///
    /// - Parameter isCut: whether nothing is waited for, any more.
    package func close(unless isCut: () -> Bool = { false }) {
        let services = state.withLock { state in
            state.isClosed = true
            return state.services
        }
        for service in services.reversed() {
            for one in service.parts.reversed() + [service] {
                // A part belongs to its service: it stays only where that does.
                if one.outlivesRun, service.outlivesRun { one.settle(unless: isCut) } else { one.stop() }
            }
        }
    }

    /// All of them, for `status.json`.
    package func json(experiment: String, run: String) -> JSON {
        .object(all.map { .init($0.id, $0.json(experiment: experiment, run: run)) })
    }

    /// Sees services fail that are to fail the run.
    private final class Watch: ServiceListener {
        private let registry: ServiceRegistry

        init(_ registry: ServiceRegistry) { self.registry = registry }

        func stateChanged(of service: any Service, from _: ServiceState, to new: ServiceState) {
            guard let reason = new.error, service.failsRun else { return }
            registry.note("service \(service.id): \(reason)")
        }
    }

    private func note(_ failure: String) {
        let isFirst = state.change { state in
            defer { state.failure = state.failure ?? failure }
            return state.failure == nil
        }
        if isFirst { fail(failure) }
    }
}
