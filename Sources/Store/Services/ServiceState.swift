import Text

/// Where a service stands.
package enum ServiceState: Sendable, Equatable {
    case stopped
    case starting
    case running
    case stopping
    /// It could not start, was never ready, or ended by itself.
    case error(String)

    /// The name in files, which is experimaestro's.
    package var name: String {
        switch self {
        case .stopped: "STOPPED"
        case .starting: "STARTING"
        case .running: "RUNNING"
        case .stopping: "STOPPING"
        case .error: "ERROR"
        }
    }

    /// The state that a file names; what is none of them is an error.
    init(named name: String, error: String?) {
        self =
            [.stopped, .starting, .running, .stopping].first { $0.name == name } ?? .error(error ?? "?")
    }

    package var error: String? { if case .error(let reason) = self { reason } else { nil } }

    /// Whether it lives, or is about to.
    package var isUp: Bool { self == .starting || self == .running }

    /// Whether another state may follow. STOPPED → STARTING → RUNNING → STOPPING → STOPPED; each but STOPPED
    /// may become ERROR, from which it may be started again.
    package func mayBecome(_ next: ServiceState) -> Bool {
        switch (self, next) {
        case (.stopped, .starting), (.error, .starting), (.starting, .running), (.starting, .stopping),
            (.running, .stopping), (.stopping, .stopped):
            true
        case (.starting, .error), (.running, .error), (.stopping, .error): true
        default: false
        }
    }
}
