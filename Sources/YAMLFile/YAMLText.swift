package import Engine
import Text
import Yams

/// Writes settings as YAML.
package enum YAMLText {
    /// The text, keys in their order; strings that would be read as something else are quoted.
    package static func write(_ setting: Setting) throws -> String {
        try Yams.serialize(node: node(setting), allowUnicode: true)
    }

    private static func node(_ setting: Setting) -> Node {
        switch setting.content {
        case .null: Node("null")
        case .bool(let value): Node(value ? "true" : "false")
        case .int(let value): Node(String(value))
        case .float(let value):
            Node(value.isInfinite ? (value < 0 ? "-.inf" : ".inf") : value.isNaN ? ".nan" : value.description)
        case .string(let text): Node(text, .implicit, isPlain(text) ? .any : .doubleQuoted)
        case .list(let values):
            Node(values.map(node), .implicit, values.allSatisfy(\.isScalar) ? .flow : .block)
        case .map(let fields): Node(fields.map { (Node($0.key), node($0.value)) })
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        if case .string = try? PlainScalar.read(text, origin: .none) { true } else { false }
    }
}

extension Setting {
    fileprivate var isScalar: Bool {
        switch content {
        case .list, .map: false
        default: true
        }
    }
}
