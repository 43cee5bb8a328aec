import Model
import Settings
import Text

/// The points of the sweeps that a script goes through now.
///
/// Their values are plain ones, which a script compares and computes with. A parameter that has the name of
/// what varies, and gets its value, gets its tag: `Train { lr = p.lr }`, `Train(p)`, `Train { model =
/// Model(p.model) }`.
struct SweepPoints {
    /// A value that varies.
    struct Value {
        let tag: ConfigObject.Tag
        /// The way of the value: `model`, `hidden`.
        let steps: [String]
        /// What a parameter gets: of a file its whole path, where the tag has what was written.
        let value: Model.Value
    }

    /// Loops nest: the last one is the innermost.
    private var points: [(number: Int64, isLoop: Bool, values: [Value])] = []
    /// Many may have been left early: so many count, the outermost and the innermost ones.
    private static let most = 64

    /// An iteration has come to a point. Those within it that were left early are over.
    ///
    /// - Parameter isLoop: whether it is that of a `for`; others end by themselves only.
    mutating func set(_ number: Int64, to values: [Value], isLoop: Bool) {
        guard let index = points.lastIndex(where: { $0.number == number }) else {
            points.append((number, isLoop, values))
            if points.count > Self.most { points.remove(at: Self.most / 2) }
            return
        }
        points[index].values = values
        if isLoop { removeLoops(after: index) }
    }

    private mutating func removeLoops(after index: Int) {
        let inner = points[(index + 1)...]
        if inner.isEmpty { return }
        points.removeSubrange((index + 1)...)
        points += inner.filter { !$0.isLoop }
    }

    /// An iteration is over.
    mutating func end(_ number: Int64) {
        guard let index = points.lastIndex(where: { $0.number == number }) else { return }
        removeLoops(after: index)
        points.remove(at: index)
    }

    /// The tags of a parameter that gets a value.
    ///
    /// - Parameter own: what varies in the table that the parameters come from.
    func tags(of name: String, _ value: Model.Value, own: [Value]) -> [ConfigObject.Tag] {
        var tags: [ConfigObject.Tag] = []
        for candidate in own { add(candidate, of: name, value, to: &tags) }
        for point in points.reversed() {
            for candidate in point.values { add(candidate, of: name, value, to: &tags) }
        }
        return tags
    }

    private func add(
        _ candidate: Value, of name: String, _ value: Model.Value, to tags: inout [ConfigObject.Tag]
    ) {
        guard let place = candidate.steps.lastIndex(where: { $0 == name }),
            !tags.contains(where: { $0.name == candidate.tag.name }),
            value.at(candidate.steps[(place + 1)...])?.isSame(as: candidate.value) ?? false
        else { return }
        tags.append(candidate.tag)
    }

    /// Whether no sweep is gone through now.
    var isEmpty: Bool { points.isEmpty }
}

/// The names of what has varied in the sweeps of a script.
struct SweptTags {
    private var values: TextMap<(first: Value, varies: Bool)> = [:]

    mutating func note(_ tag: ConfigObject.Tag) {
        guard let known = values[tag.name] else { return values[tag.name] = (tag.value, false) }
        if !known.varies, known.first != tag.value { values[tag.name] = (tag.value, true) }
    }

    /// Those that have had more than one value.
    var names: TextSet { TextSet(values.filter { $0.value.varies }.keys.map(\.text)) }
}

extension SweepPoints.Value {
    init(_ tag: ConfigObject.Tag) {
        self.init(tag: tag, steps: SettingPath.steps(tag.name) ?? [tag.name], value: tag.value)
    }
}

extension XpmModule {
    /// `at_point(number, { [way] = value })`, or `at_point(number)` at the end.
    func setPoint(_ stack: LuaStack) throws -> Int {
        guard stack.kind(2) == .table else {
            sweepPoints.end(stack.int(1))
            return 0
        }
        let values = try sweptValues(stack, 2)
        for value in values { sweptTags.note(value.tag) }
        sweepPoints.set(stack.int(1), to: values, isLoop: stack.bool(3))
        return 0
    }

    /// What varies, from a table `{ [way] = value }`.
    private func sweptValues(_ stack: LuaStack, _ index: Int32) throws -> [SweepPoints.Value] {
        var values: [SweepPoints.Value] = []
        try stack.forEachPair(of: index) {
            values.append(.init(.init(name: stack.string(-2) ?? "", value: try stack.value(-1))))
        }
        return values.sorted { ByteOrder.less($0.tag.name, $1.tag.name) }
    }

    /// What varies in a table that is a point of a sweep, or in one.
    func sweptValues(ofPoint table: Int32, _ stack: LuaStack) throws -> [SweepPoints.Value] {
        try stack.reserve(8)
        guard stack.pushMetatable(of: table) else { return [] }
        stack.get("__xpm_swept", from: -1)
        defer { stack.pop(2) }
        if stack.kind(-1) != .table {
            stack.get("__name", from: -2)
            defer { stack.pop() }
            if stack.string(-1) == "sweep" {
                throw ScriptError(
                    "a sweep is no table of parameters: for p in sweep do … end goes through its points")
            }
        }
        return stack.kind(-1) == .table ? try sweptValues(stack, stack.count) : []
    }
}

extension Value {
    /// Whether both are one value. A script gets a path as a text.
    fileprivate func isSame(as swept: Value) -> Bool {
        switch swept {
        case .path(let path), .file(let path, _):
            switch self {
            case .string(let own), .path(let own), .file(let own, _): own == path
            default: false
            }
        default: self == swept
        }
    }

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
