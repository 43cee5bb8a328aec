import Text

extension ParameterType {
    /// How deep a value may nest.
    package static let deepest = 200

    /// Brings a value, as a script or a file gives it, to this type.
    ///
    /// An int takes `3.0` and a float takes `1`; lists, sets and maps are made from what a Lua table may be:
    /// `{}` is each of them, and a table with the keys 1 to n is a list. A table given for a config becomes
    /// an object of that type.
    ///
    /// - Throws: what does not fit, and where in the value.
    package func accept(_ value: Value, depth: Int = 0) throws(ValueError) -> Value {
        guard depth < Self.deepest else { throw ValueError(.tooDeep) }
        switch self {
        case .int: return try acceptInt(value)
        case .float: return try acceptFloat(value)
        case .bool: if case .bool = value { return value }
        case .string: if case .string = value { return value }
        case .path, .dataPath:
            switch value {
            case .string(let path), .path(let path), .file(let path, _):
                // No file can have one in its name.
                if path.has(0) { throw ValueError(.refused("a path holds a NUL byte")) }
                return .path(path)
            default: break
            }
        case .file(let reader):
            switch value {
            case .string(let path), .path(let path):
                let file = try reader.read(path)
                return .file(file.path, file.digest)
            case .file: return value
            default: break
            }
        case .constrained(let type, let constraint):
            let accepted = try type.accept(value, depth: depth)
            if let complaint = constraint.complaint(about: accepted) {
                throw ValueError(.wrongType(expected: complaint, got: accepted.told))
            }
            return accepted
        case .any: return try Self.open(value, depth: depth)
        case .optional(let wrapped):
            if case .null = value { return .null }
            return try wrapped.accept(value, depth: depth)
        case .list(let element): return .list(try Self.elements(value, of: element, as: self, depth: depth))
        case .set(let element): return try acceptSet(value, of: element, depth: depth)
        case .map(let key, let element): return try acceptMap(value, key, element, depth: depth)
        case .union(let types):
            if let chosen = try Self.choose(value, among: types, depth: depth) { return chosen }
            for type in types {
                if let accepted = try? type.acceptLoosely(value, depth: depth + 1) {
                    return Self.opened(accepted)
                }
            }
        case .enumeration(let enumeration):
            if case .member(let other, _) = value, other === enumeration { return value }
            if case .string(let name) = value, let index = enumeration.members.firstIndex(of: name) {
                return enumeration.id == nil ? value : .member(enumeration, index)
            }
        case .config(let reference): return try acceptObject(value, of: reference, depth: depth)
        case .record(let record): return try record.accept(value, depth: depth)
        }
        throw mismatch(value)
    }

    private func mismatch(_ value: Value) -> ValueError {
        ValueError(.wrongType(expected: title, got: value.told))
    }

    private func acceptInt(_ value: Value) throws(ValueError) -> Value {
        if case .int = value { return value }
        if case .float(let number) = value, let whole = Int64(exactly: number) { return .int(whole) }
        throw mismatch(value)
    }

    private func acceptFloat(_ value: Value) throws(ValueError) -> Value {
        switch value {
        case .float(let number) where number.isNaN: throw ValueError(.notFinite)
        case .float: return value
        case .int(let number):
            guard Int64(exactly: Double(number)) == number else {
                throw ValueError(
                    .refused(
                        "the int \(number) is no exact float: a float would hold \(NumberText.lua(Double(number)))"
                    ))
            }
            return .float(Double(number))
        default: throw mismatch(value)
        }
    }

    /// The elements of what may be a list. A map with integer keys only is a list with holes.
    private static func elements(
        _ value: Value, of element: ParameterType, as whole: ParameterType, depth: Int
    ) throws(ValueError) -> [Value] {
        let raw: [Value]
        switch value {
        case .list(let values), .set(let values): raw = values
        case .map(let entries), .openMap(let entries):
            try refuseHoles(entries)
            throw whole.mismatch(value)
        default: throw whole.mismatch(value)
        }
        var accepted: [Value] = []
        accepted.reserveCapacity(raw.count)
        for (index, one) in raw.enumerated() {
            do throws(ValueError) {
                accepted.append(try element.accept(one, depth: depth + 1))
            } catch { throw error.within("[\(index + 1)]") }
        }
        return accepted
    }

    private static func refuseHoles(_ entries: [Value.Entry]) throws(ValueError) {
        var position: Int64 = 1
        for entry in entries {
            guard case .int(let key) = entry.key, key >= 1 else { return }
            if key != position { throw ValueError(.listWithHoles(missing: position)) }
            position += 1
        }
    }

    private func acceptSet(_ value: Value, of element: ParameterType, depth: Int) throws(ValueError) -> Value
    {
        let values = try Self.elements(value, of: element, as: self, depth: depth)
        for (index, one) in values.enumerated() where values[..<index].contains(one) {
            throw ValueError(.duplicate(value: one.told))
        }
        return .set(values)
    }

    private func acceptMap(
        _ value: Value, _ key: ParameterType, _ element: ParameterType, depth: Int
    ) throws(ValueError) -> Value {
        let raw: [Value.Entry]
        switch value {
        case .map(let entries), .openMap(let entries): raw = entries
        case .list(let values):
            raw = values.enumerated().map { .init(key: .int(Int64($0.offset + 1)), value: $0.element) }
        default: throw mismatch(value)
        }
        var accepted: [Value.Entry] = []
        accepted.reserveCapacity(raw.count)
        for entry in raw {
            do throws(ValueError) {
                accepted.append(
                    .init(
                        key: try key.accept(Self.key(entry.key, for: key), depth: depth + 1),
                        value: try element.accept(entry.value, depth: depth + 1)))
            } catch { throw error.within(Self.step(entry.key)) }
        }
        accepted.sort { ByteOrder.less($0.key, $1.key) }
        for (one, next) in zip(accepted, accepted.dropFirst()) where one.key == next.key {
            throw ValueError(.refused("the key \(one.key.plainText) is there twice"))
        }
        // Where the end of a map within this one could not be told from the bytes, it is counted.
        if !element.isPlain, ParameterType.runsTogether(element) {
            accepted = accepted.map { .init(key: $0.key, value: Self.opened($0.value)) }
        }
        return .map(accepted)
    }

    /// A key for a map of ints: YAML and JSON write it as a text.
    private static func key(_ key: Value, for type: ParameterType) -> Value {
        if case .int = type, case .string(let text) = key,
            case .int(let number)? = try? PlainScalar(text)
        {
            return .int(number)
        }
        return key
    }

    private func acceptObject(
        _ value: Value, of reference: ConfigReference, depth: Int
    ) throws(ValueError) -> Value {
        guard let expected = reference.type else { throw ValueError(.unknownType(id: reference.id)) }
        switch value {
        case .object(let object) where object.standsFor(expected): return value
        case .map(let entries), .openMap(let entries):
            return .object(try ConfigObject(expected, from: entries, depth: depth + 1))
        case .list(let values) where values.isEmpty:
            return .object(try ConfigObject(expected, from: [], depth: depth + 1))
        default: throw mismatch(value)
        }
    }

    /// Any value: what it is stays, but NaN is refused and every map is an open one.
    private static func open(_ value: Value, depth: Int) throws(ValueError) -> Value {
        guard depth < deepest else { throw ValueError(.tooDeep) }
        switch value {
        case .float(let number) where number.isNaN: throw ValueError(.notFinite)
        case .list: return .list(try elements(value, of: .any, as: .any, depth: depth))
        case .map(let entries), .openMap(let entries):
            try refuseHolesIfListLike(entries)
            var opened: [Value.Entry] = []
            for entry in entries {
                do throws(ValueError) {
                    opened.append(.init(key: entry.key, value: try open(entry.value, depth: depth + 1)))
                } catch { throw error.within(step(entry.key)) }
            }
            return .openMap(opened.sorted { ByteOrder.less($0.key, $1.key) })
        default: return value
        }
    }

    private static func refuseHolesIfListLike(_ entries: [Value.Entry]) throws(ValueError) {
        guard case .int(1)? = entries.first?.key else { return }
        try refuseHoles(entries)
    }

    /// The same value with every map open: a union does not tell where a map ends.
    private static func opened(_ value: Value) -> Value {
        switch value {
        case .map(let entries): .openMap(entries.map { .init(key: $0.key, value: opened($0.value)) })
        case .list(let values): .list(values.map(opened))
        default: value
        }
    }

    private static func step(_ key: Value) -> String {
        switch key {
        case .string(let name): ".\(name)"
        case .int(let number): "[\(number)]"
        default: "[\(key.told)]"
        }
    }
}

extension Record {
    /// Brings a table to these fields: defaults filled in, unknown keys refused.
    package func accept(_ value: Value, depth: Int = 0) throws(ValueError) -> Value {
        let given: [Value.Entry]
        switch value {
        case .map(let entries), .openMap(let entries): given = entries
        case .list(let values) where values.isEmpty: given = []
        case .null: given = []
        default: throw ValueError(.wrongType(expected: "table", got: value.told))
        }
        var byName: TextMap<Value> = [:]
        for entry in given {
            guard case .string(let name) = entry.key else {
                throw ValueError(.wrongType(expected: "names as keys", got: entry.key.told))
            }
            guard parameters.contains(where: { $0.name == name }) else {
                let nearest = Suggestion.nearest(to: name, among: parameters.map(\.name))
                throw ValueError(
                    .unknownParameter(
                        name: name, of: "", suggestion: nearest, known: parameters.map(\.name)),
                    at: ".\(name)")
            }
            byName[name] = entry.value
        }
        var accepted: [Value.Entry] = []
        for parameter in parameters {
            do throws(ValueError) {
                let value = try parameter.value(given: byName[parameter.name], of: "", depth: depth + 1)
                accepted.append(.init(key: .string(parameter.name), value: value))
            } catch { throw error.within(".\(parameter.name)") }
        }
        return .map(accepted)
    }
}

extension Parameter {
    /// The value of a configuration's field: given, or by default.
    package func value(given: Value?, of owner: String, depth: Int) throws(ValueError) -> Value {
        guard let given else {
            if let defaultValue { return defaultValue.cloned }
            if let makeDefault { return try makeDefault() }
            if case .record(let record) = type { return try record.accept(.map([]), depth: depth) }
            if type.isOptional { return .null }
            throw ValueError(.missingParameter(name: name, of: owner))
        }
        let value = try type.accept(given, depth: depth)
        if let complaint = constraint.complaint(about: value) {
            throw ValueError(.wrongType(expected: complaint, got: value.told))
        }
        return value
    }
}
