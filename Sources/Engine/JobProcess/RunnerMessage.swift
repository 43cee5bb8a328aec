import Store
import Text

/// What a runner says of the job that it hosts.
enum RunnerMessage {
    /// Its program has not begun: it waits for something that others hold.
    case waiting(String)
    /// It has what it waited for.
    case started
    /// It was to wait no longer, and has not begun.
    case withdrawn
    /// The attempt is over.
    case ended(Outcome)

    /// Whether the runner is free again.
    var endsJob: Bool {
        switch self {
        case .waiting, .started: false
        case .withdrawn, .ended: true
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .waiting(let reason): JSON.object([.init("waiting", .string(reason))]).bytes
        case .started: JSON.object([.init("begins", .bool(true))]).bytes
        case .withdrawn: JSON.object([.init("withdrawn", .bool(true))]).bytes
        case .ended(let outcome): outcome.json.bytes
        }
    }

    /// - Returns: nil for bytes that are no message.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes) else { return nil }
        if let reason = json["waiting"]?.string {
            self = .waiting(reason)
        } else if json["begins"] != nil {
            self = .started
        } else if json["withdrawn"] != nil {
            self = .withdrawn
        } else {
            self = .ended(Outcome.read(json, named: .failed))
        }
    }
}
