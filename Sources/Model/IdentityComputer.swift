import Text

/// Computes identifiers as experimaestro 2.x does (`identity.md`); one instance an outermost object.
///
/// Pure: the same object gives the same bytes, whatever the machine, the locale or the order of tables.
package struct IdentityComputer {
    /// The objects from the outermost to the one being written.
    private var path: [ObjectIdentifier] = []
    /// For each object of the path, whether what it contains refers back to it or above.
    private var isInCycle: [Bool] = []
    /// For each object of the path, whether it contains an instance config.
    private var hasInstances: [Bool] = []
    /// Identifiers that hold wherever their objects stand.
    private var known: [ObjectIdentifier: Identifier] = [:]
    /// Instance configs met so far, by their identifier, in order.
    private var instances: [Identifier: [ObjectIdentifier]] = [:]
    /// The parameters of the outermost object that are left out, and why; kept only for an explanation.
    private(set) var skipped: [(name: String, reason: String)] = []
    /// Leaves parameters of the outermost object out.
    var partial: Partial?

    /// The identifier, and whether it holds wherever the object stands.
    mutating func identifier(of object: ConfigObject) -> Identifier {
        if let cached = object.cachedIdentifier { return cached }
        if !known.isEmpty, let cached = known[ObjectIdentifier(object)] { return cached }
        let (bytes, isFixed) = canonicalBytes(of: object)
        let identifier = Identifier(hashing: bytes)
        guard isFixed else { return identifier }
        if object.isSealed {
            object.cachedIdentifier = identifier
        } else {
            known[ObjectIdentifier(object)] = identifier
        }
        return identifier
    }

    /// The bytes, and whether they are the same wherever the object stands.
    mutating func canonicalBytes(of object: ConfigObject) -> (bytes: [UInt8], isFixed: Bool) {
        var encoder = ValueEncoder()
        let isFixed = encode(object, to: &encoder)
        return (encoder.bytes, isFixed)
    }

    /// The bytes with their meaning.
    mutating func encoder(of object: ConfigObject) -> ValueEncoder {
        var encoder = ValueEncoder()
        encoder.notes = []
        _ = encode(object, to: &encoder)
        return encoder
    }

    private mutating func encode(_ object: ConfigObject, to encoder: inout ValueEncoder) -> Bool {
        path.append(ObjectIdentifier(object))
        isInCycle.append(false)
        hasInstances.append(object.type.kind == .instance)
        encoder.bytes.reserveCapacity(256)
        write(object, madeBy: object.task, to: &encoder)
        path.removeLast()
        let contained = hasInstances.removeLast()
        if contained, !hasInstances.isEmpty, object.task !== object {
            hasInstances[hasInstances.count - 1] = true
        }
        let cyclic = isInCycle.removeLast()
        return !cyclic && (!contained || object.task === object)
    }

    /// - Parameter maker: the task that made the object; itself for a task.
    private mutating func write(
        _ object: ConfigObject, madeBy maker: ConfigObject?, to encoder: inout ValueEncoder
    ) {
        // An object of a deprecated type is what it was converted to.
        if let replacement = object.replacement {
            let isTask = maker === object
            return write(
                replacement, madeBy: replacement.task ?? (isTask ? replacement : maker), to: &encoder)
        }
        let type = object.type
        encoder.note("an object")
        encoder.bytes.append(ValueEncoder.Tag.object)
        if let maker, maker !== object {
            encoder.note("made by")
            encoder.bytes.append(ValueEncoder.Tag.task)
            write(nested: maker, to: &encoder)
        }
        encoder.note("type \(type.key)")

        encoder.bytes.append(contentsOf: type.identityHeader)
        for (position, parameter) in type.parameters.enumerated() {
            let value = object.values[position] ?? .null
            if let reason = Self.reasonToSkip(parameter, value) {
                if path.count == 1, encoder.notes != nil { skipped.append((parameter.name, reason)) }
                continue
            }
            if path.count == 1, let partial, partial.excludes(parameter.groups) { continue }
            encoder.note("parameter \(parameter.name)")

            encoder.bytes.append(contentsOf: type.identityNames[position])
            write(value, to: &encoder)
        }
        if !object.initTasks.isEmpty {
            encoder.note("init tasks")
            encoder.bytes.append(ValueEncoder.Tag.initTasks)
            for task in object.initTasks { write(nested: task, to: &encoder) }
        }
    }

    /// Why a parameter is no part of the identity, or nil.
    package static func reasonToSkip(_ parameter: Parameter, _ value: Value) -> String? {
        if parameter.jobPath != nil { return "a path made by xpm" }
        if parameter.isMeta {
            guard case .object(let object) = value, object.meta == false else { return "meta" }
        }
        if parameter.type.isOfPaths { return "a path" }
        if isMeta(value) { return "an object marked as meta" }
        if parameter.isConstant { return nil }
        if case .null = value, !parameter.isRequired, (parameter.defaultValue ?? .null) == .null {
            return "nothing, by default"
        }
        guard parameter.ignoresDefault, let defaultValue = parameter.defaultValue,
            defaultValue.isAlike(withoutMeta(value))
        else { return nil }
        return "its default, with ignore_default"
    }

    private static func isMeta(_ value: Value) -> Bool {
        if case .object(let object) = value { object.meta == true } else { false }
    }

    /// Lists, sets and maps without the elements that are marked meta.
    package static func withoutMeta(_ value: Value) -> Value {
        func isKept(_ value: Value) -> Bool {
            if case .object(let object) = value { object.meta != true } else { true }
        }
        return switch value {
        case .list(let values): .list(values.filter(isKept))
        case .set(let values): .set(values.filter(isKept))
        case .map(let entries): .map(entries.filter { isKept($0.value) })
        case .openMap(let entries): .openMap(entries.filter { isKept($0.value) })
        default: value
        }
    }

    private mutating func write(_ value: Value, to encoder: inout ValueEncoder) {
        encoder.noteScalar(value)
        switch Self.withoutMeta(value) {
        case .null: encoder.bytes.append(ValueEncoder.Tag.null)
        case .bool(let value): encoder.write(int: value ? 1 : 0)
        case .int(let value): encoder.write(int: value)
        case .float(let value): encoder.write(float: value)
        case .string(let value), .path(let value): encoder.write(string: value)
        case .file(_, let digest): encoder.write(string: "sha256:\(digest.hex)")
        case .list(let values):
            encoder.bytes.append(ValueEncoder.Tag.list)
            encoder.write(count: values.count)
            for value in values { write(value, to: &encoder) }
        case .set(let values):
            encoder.bytes.append(ValueEncoder.Tag.set)
            encoder.write(count: values.count)
            for value in inSetOrder(values) { write(value, to: &encoder) }
        case .map(let entries):
            encoder.bytes.append(ValueEncoder.Tag.map)
            write(entries, to: &encoder)
        case .openMap(let entries):
            encoder.bytes.append(ValueEncoder.Tag.countedMap)
            encoder.write(word: UInt64(entries.count))
            write(entries, to: &encoder)
        case .member(let enumeration, let index):
            encoder.bytes.append(ValueEncoder.Tag.member)
            encoder.bytes.append(contentsOf: "\(enumeration.title):\(enumeration.members[index])".utf8)
        case .object(let object): write(nested: object, to: &encoder)
        }
    }

    private mutating func write(_ entries: [Value.Entry], to encoder: inout ValueEncoder) {
        for entry in entries {
            write(entry.key, to: &encoder)
            write(entry.value, to: &encoder)
        }
    }

    /// Sets are ordered by the hash of each element, taken as if it stood alone.
    private func inSetOrder(_ values: [Value]) -> [Value] {
        values.map { value -> (key: String, value: Value) in
            var alone = IdentityComputer()
            // The objects around it are kept, so that an element that refers to them ends.
            alone.path = path
            alone.isInCycle = isInCycle
            alone.hasInstances = hasInstances
            var encoder = ValueEncoder()
            alone.write(value, to: &encoder)
            return (Identifier(hashing: encoder.bytes).hex, value)
        }
        .sorted { $0.key < $1.key }
        .map(\.value)
    }

    private mutating func write(nested object: ConfigObject, to encoder: inout ValueEncoder) {
        encoder.note(object.type.key)
        encoder.bytes.append(ValueEncoder.Tag.object)
        if let index = path.lastIndex(of: ObjectIdentifier(object)) {
            encoder.note("the object \(path.count - index) up, again")
            for inner in index..<path.count { isInCycle[inner] = true }
            encoder.bytes.append(ValueEncoder.Tag.cycle)
            encoder.write(word: UInt64(path.count - index))
            return
        }
        let identifier = identifier(of: object)
        identifier.append(to: &encoder.bytes)
        guard object.type.kind == .instance else { return }
        let known = instances[identifier, default: []]
        if let position = known.firstIndex(of: ObjectIdentifier(object)) {
            write(instance: position, to: &encoder)
        } else {
            instances[identifier] = known + [ObjectIdentifier(object)]
            write(instance: known.count, to: &encoder)
        }
    }

    /// The first instance with some identifier is not marked.
    private func write(instance position: Int, to encoder: inout ValueEncoder) {
        guard position > 0 else { return }
        encoder.note("another instance: number \(position)")
        encoder.bytes.append(ValueEncoder.Tag.instance)
        encoder.write(word: UInt64(position))
    }
}

extension ConfigObject {
    /// Its identifier by the scheme `experimaestro-2`.
    package var identifier: Identifier {
        var computer = IdentityComputer()
        return computer.identifier(of: self)
    }

    /// The identifier of a folder that it shares with those that differ only in what a partial leaves out.
    package func identifier(without partial: Partial) -> Identifier {
        var computer = IdentityComputer()
        computer.partial = partial
        return Identifier(hashing: computer.canonicalBytes(of: self).bytes)
    }

    /// The bytes whose SHA-256 its identifier is.
    package var canonicalBytes: [UInt8] {
        var computer = IdentityComputer()
        return computer.canonicalBytes(of: self).bytes
    }
}
