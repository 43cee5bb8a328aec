import Model
import Text

extension LuaStack {
    /// The value at an index as parameters know it. A table is a list if its keys are 1 to n, else a map.
    ///
    /// - Parameter tags: collects the tags in the value, under their own names or `name`.
    /// - Throws: a value that is no data: a function, a table that contains itself.
    func value(_ index: Int32, taggedAs name: String? = nil, tags: inout [ConfigObject.Tag], depth: Int = 0)
        throws -> Value
    {
        switch kind(index) {
        case .none, .null: return .null
        case .bool: return .bool(bool(index))
        case .int: return .int(int(index))
        case .float: return .float(float(index))
        case .string:
            guard let text = text(index) else {
                throw ScriptError("a string that is not UTF-8 cannot be a parameter")
            }
            return .string(text)
        case .table: return try table(index, taggedAs: name, tags: &tags, depth: depth)
        case .object:
            if let object = object(index, .configObject) {
                object.isUsed()
                return .object(object)
            }
            if let tag = object(index, .tag) {
                if tag.stopsTags { tags.append(.init(name: "", value: tag.value)) }
                if !tag.isTag { return tag.value }
                guard let name = tag.name ?? name else {
                    throw ScriptError(
                        "xpm.tag(value) takes the name of its parameter: here give xpm.tag(name, value)")
                }
                tags.append(.init(name: name, value: tag.value))
                return tag.value
            }
            if let type = object(index, .configType) {
                throw ScriptError(
                    "'\(type.type.id)' is a type: call it to make an object, \(type.type.shortName) {}")
            }
            throw ScriptError("a \(description(index)) cannot be the value of a parameter")
        default: throw ScriptError("a \(typeName(index)) cannot be the value of a parameter")
        }
    }

    /// The value at an index, where tags make no sense.
    func value(_ index: Int32) throws -> Value {
        var tags: [ConfigObject.Tag] = []
        return try value(index, tags: &tags)
    }

    private func table(
        _ index: Int32, taggedAs name: String?, tags: inout [ConfigObject.Tag], depth: Int
    ) throws -> Value {
        guard depth < ParameterType.deepest else {
            throw ScriptError("a table that is nested too deep or contains itself")
        }
        try reserve(8)
        let isProxy = pushProxyTarget(of: index)
        let table = isProxy ? absolute(-1) : absolute(index)
        defer { if isProxy { pop() } }
        let length = Int64(length(table))
        var list: [Value] = []
        var entries: [Value.Entry] = []
        try forEachPair(of: table) {
            let key: Value
            switch kind(-2) {
            case .int: key = .int(int(-2))
            case .string:
                guard let text = text(-2) else {
                    throw ScriptError("a key that is not UTF-8 cannot be in a parameter")
                }
                key = .string(text)
            case .float: key = .float(float(-2))
            case .bool: key = .bool(bool(-2))
            default:
                throw ScriptError("a \(typeName(-2)) cannot be a key of a parameter's table")
            }
            let value = try value(-1, taggedAs: name, tags: &tags, depth: depth + 1)
            if case .int(let position) = key, position == Int64(list.count) + 1, entries.isEmpty {
                list.append(value)
            } else {
                entries.append(.init(key: key, value: value))
            }
        }
        if entries.isEmpty { return .list(list) }
        entries += list.enumerated().map { .init(key: .int(Int64($0.offset) + 1), value: $0.element) }
        entries.sort { ByteOrder.less($0.key, $1.key) }
        // The border of the table may lie in its hash part, in any order.
        let isList = entries.enumerated().allSatisfy { $0.element.key.isInt(Int64($0.offset) + 1) }
        return isList && Int64(entries.count) == length ? .list(entries.map(\.value)) : .map(entries)
    }

    /// Puts the table behind a read-only one in its place.
    func unwrapProxy(_ index: Int32) throws {
        try reserve(8)
        guard pushProxyTarget(of: index) else { return }
        replace(index)
    }

    /// Pushes the table behind a read-only one.
    private func pushProxyTarget(of index: Int32) -> Bool {
        let index = absolute(index)
        guard pushMetatable(of: index) else { return false }
        get("__xpm_target", from: -1)
        if kind(-1) == .table {
            insert(-2)
            pop()
            return true
        }
        pop(2)
        return false
    }
}

extension Value {
    fileprivate func isInt(_ number: Int64) -> Bool { if case .int(number) = self { true } else { false } }
}
