package import Text

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
