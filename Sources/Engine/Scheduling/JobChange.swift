package import Text

/// A job as others name it: its type's key and its identifier.
package struct JobKey: Hashable, Sendable {
    package let taskID: String
    package let identifier: String

    package static func == (left: JobKey, right: JobKey) -> Bool {
        left.identifier == right.identifier && left.taskID == right.taskID
    }

    /// Of two types one identifier has the same hash; that is rare.
    package func hash(into hasher: inout Hasher) { TextKey(identifier).hash(into: &hasher) }

    package init(taskID: String, identifier: String) {
        self.taskID = taskID
        self.identifier = identifier
    }
}

extension JobSpec {
    package var key: JobKey { JobKey(taskID: taskID, identifier: identifier.hex) }
}

/// What somebody wants of a job that waits.
package enum JobChange: Sendable, Equatable {
    /// It does not start until it is released.
    case hold
    case release
    /// The greater starts earlier; 0 where nothing is said.
    case priority(Int)

    /// `"want": "priority", "value": 5`
    package var json: [JSON.Member] {
        switch self {
        case .hold: [.init("want", "hold")]
        case .release: [.init("want", "release")]
        case .priority(let value): [.init("want", "priority"), .init("value", .int(Int64(value)))]
        }
    }

    /// What `json` has made.
    package init?(_ json: JSON) {
        switch json["want"]?.string {
        case "hold"?: self = .hold
        case "release"?: self = .release
        case "priority"?:
            guard let value = json["value"]?.int.flatMap({ Int(exactly: $0) }) else { return nil }
            self = .priority(value)
        default: return nil
        }
    }

    /// `held`, `released`, `priority 5`
    package var text: String {
        switch self {
        case .hold: "held"
        case .release: "released"
        case .priority(let value): "priority \(value)"
        }
    }
}
