import Engine

/// The points of the sweeps that a script goes through now.
///
/// Their values are plain ones, which a script compares and computes with. A parameter that has the name of what varies, and gets its value,
/// gets its tag: `Train { lr = p.lr }`, `Train(p)`, `Train { model = Model(p.model) }`.
struct SweepPoints {
    private struct Value {
        let tag: ConfigObject.Tag
        /// The way of the value: `model`, `hidden`.
        let steps: [String]
    }

    /// Those of loops that were left early stay; so many of them count.
    private static let most = 16

    /// The last one is the newest.
    private var points: [(number: Int64, values: [Value])] = []

    /// An iteration has come to a point.
    mutating func set(_ number: Int64, to tags: [ConfigObject.Tag]) {
        let values = tags.map { tag in
            Value(tag: tag, steps: tag.name.split(separator: ".").map(String.init))
        }
        if let index = points.lastIndex(where: { $0.number == number }) {
            points[index].values = values
            return
        }
        points.append((number, values))
        if points.count > Self.most { points.removeFirst() }
    }

    /// An iteration is over.
    mutating func end(_ number: Int64) { points.removeAll { $0.number == number } }

    /// The tags of a parameter that gets a value.
    func tags(of name: String, _ value: Engine.Value) -> [ConfigObject.Tag] {
        if points.isEmpty { return [] }
        var tags: [ConfigObject.Tag] = []
        for point in points.reversed() {
            for candidate in point.values where !tags.contains(where: { $0.name == candidate.tag.name }) {
                guard let place = candidate.steps.lastIndex(of: name),
                    value.at(candidate.steps[(place + 1)...]) == candidate.tag.value
                else { continue }
                tags.append(candidate.tag)
            }
        }
        return tags
    }
}

extension XpmModule {
    /// `at_point(number, { [way] = value })`, or `at_point(number)` at the end.
    func setPoint(_ stack: LuaStack) throws -> Int {
        guard stack.kind(2) == .table else {
            sweepPoints.end(stack.int(1))
            return 0
        }
        var tags: [ConfigObject.Tag] = []
        try stack.forEachPair(of: 2) {
            tags.append(.init(name: stack.string(-2) ?? "", value: try stack.value(-1)))
        }
        sweepPoints.set(stack.int(1), to: tags.sorted { ByteOrder.less($0.name, $1.name) })
        return 0
    }

    func sweptTags(of name: String, _ value: Value) -> [ConfigObject.Tag] {
        sweepPoints.tags(of: name, value)
    }
}

extension Value {
    /// The value below this one.
    fileprivate func at(_ steps: ArraySlice<String>) -> Value? {
        guard let step = steps.first else { return self }
        switch self {
        case .map(let entries), .openMap(let entries):
            return entries.first { $0.key == .string(step) }?.value.at(steps.dropFirst())
        default: return nil
        }
    }
}
