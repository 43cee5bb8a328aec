import Text

/// What the canonical bytes of a type's values may begin with.
///
/// A map ends where the next pair cannot be one of its own. With a map in a map that can be told only if
/// their values begin with other bytes: `{ a = { x = 1 }, b = nil }` and `{ a = { x = 1, b = nil } }` have
/// the same bytes, if both maps may hold null.
extension ParameterType {
    /// Whether its values hold no map.
    var isPlain: Bool {
        switch self {
        case .map, .any, .record, .union: false
        case .optional(let inner), .list(let inner), .set(let inner), .constrained(let inner, _):
            inner.isPlain
        default: true
        }
    }

    /// Whether the end of a map that is, or ends, a value of this type can be mistaken inside a map of such
    /// values.
    static func runsTogether(_ element: ParameterType) -> Bool {
        let outer = element.beginnings
        return element.lastMaps.contains { !$0.beginnings.isDisjoint(with: outer) }
    }

    private var beginnings: Set<UInt8> {
        switch self {
        case .int, .bool: [ValueEncoder.Tag.int]
        case .float: [ValueEncoder.Tag.float]
        case .string, .path, .dataPath, .file: [ValueEncoder.Tag.string, ValueEncoder.Tag.countedString]
        case .list: [ValueEncoder.Tag.list]
        case .set: [ValueEncoder.Tag.set]
        case .map, .record: [ValueEncoder.Tag.map, ValueEncoder.Tag.countedMap]
        case .optional(let inner): inner.beginnings.union([ValueEncoder.Tag.null])
        case .constrained(let inner, _): inner.beginnings
        case .union(let types): types.reduce(into: []) { $0.formUnion($1.beginnings) }
        case .enumeration(let enumeration):
            enumeration.id == nil
                ? [ValueEncoder.Tag.string, ValueEncoder.Tag.countedString] : [ValueEncoder.Tag.member]
        case .config: [ValueEncoder.Tag.object]
        case .any: Set(0...ValueEncoder.Tag.countedMap)
        }
    }

    /// The value types of the maps that may be the last of a value's bytes. Those of a union are counted
    /// anyway.
    private var lastMaps: [ParameterType] {
        switch self {
        case .map(_, let value): [value] + value.lastMaps
        case .optional(let inner), .list(let inner), .set(let inner), .constrained(let inner, _):
            inner.lastMaps
        default: []
        }
    }
}
