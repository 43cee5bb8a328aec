import Text

extension ConfigObject {
    /// The tags of this object and of all that it contains, by name. Its own count; of those below it, only a
    /// tag with one value: what collects a sweep is not at one point of it.
    package func allTags() -> [Tag] {
        if let cachedTags { return cachedTags }
        if isFlat, tags.isEmpty { return [] }
        var path: Set<ObjectIdentifier> = []
        return collectTags(&path)
    }

    private func collectTags(_ path: inout Set<ObjectIdentifier>) -> [Tag] {
        if let cachedTags { return cachedTags }
        guard path.insert(ObjectIdentifier(self)).inserted else { return [] }
        var inner = TagGathering()
        let stops = tagStops
        for (position, value) in values.enumerated() {
            guard let value, value.holdsObjects, !stops.contains(type.parameters[position].name) else {
                continue
            }
            value.forEachObject { inner.add($0.collectTags(&path)) }
        }
        for task in initTasks { inner.add(task.collectTags(&path)) }
        // An output has what the task that makes it was varied by, where nothing else says it.
        var makers = TagGathering()
        if !isFlat { forEachMaker { makers.add($0.collectTags(&path)) } }
        path.remove(ObjectIdentifier(self))
        var found = tags
        if !inner.isEmpty || !makers.isEmpty { found += agreed(inner, makers) }
        found.sort { ByteOrder.less($0.name, $1.name) }
        // What is sealed by a submission contains no cycle.
        if isSealed { cachedTags = found }
        return found
    }

    /// The tags that an object has besides its own.
    private func agreed(_ inner: TagGathering, _ makers: TagGathering) -> [Tag] {
        var found: [Tag] = []
        let own = TextSet(tags.map(\.name))
        found += inner.agreed(besides: own)
        found += makers.agreed(besides: own.union(TextSet(found.map(\.name))).union(inner.conflicting))
        return found
    }

    /// The tasks that made the objects in its values, where these are not tasks.
    private func forEachMaker(_ body: (ConfigObject) -> Void) {
        var visited: Set<ObjectIdentifier> = []
        func visit(_ object: ConfigObject) {
            guard visited.insert(ObjectIdentifier(object)).inserted, object.task !== object else { return }
            if let maker = object.task { body(maker) }
            object.forEachObject(visit)
        }
        forEachObject(visit)
    }

    /// The submitted tasks that this one has to wait for: those in its values, at any depth, and those added.
    ///
    /// The walk does not enter a task: what that one needs is its own affair.
    package func taskDependencies() -> [ConfigObject] {
        if isFlat, extraDependencies.isEmpty { return [] }
        var found: [ConfigObject] = []
        var visited: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
        func visit(_ object: ConfigObject) {
            guard visited.insert(ObjectIdentifier(object)).inserted, !object.isDynamic else { return }
            if let task = object.task {
                if task === object {
                    found.append(object)
                    return
                }
                visit(task)
            }
            object.forEachObject(visit)
        }
        forEachObject(visit)
        extraDependencies.forEach(visit)
        return found
    }
}

/// The tags of several objects: one that they have with different values is none.
private struct TagGathering {
    private var tags: [ConfigObject.Tag] = []
    private(set) var conflicting: TextSet = []

    var isEmpty: Bool { tags.isEmpty }

    mutating func add(_ others: [ConfigObject.Tag]) {
        for tag in others {
            if let known = tags.first(where: { $0.name == tag.name }) {
                if known.value != tag.value, !known.value.isSameNumber(as: tag.value) {
                    conflicting.insert(tag.name)
                }
            } else {
                tags.append(tag)
            }
        }
    }

    /// Those with one value, whose names are not taken.
    func agreed(besides taken: TextSet) -> [ConfigObject.Tag] {
        tags.filter { !conflicting.contains($0.name) && !taken.contains($0.name) }
    }
}

extension Value {
    /// A tag's or argument's value as text: `0.001`, `true`, `adam`, `[1, 2]`.
    package var plainText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .float(let value): NumberText.lua(value)
        case .string(let value), .path(let value), .file(let value, _): value
        case .list(let values), .set(let values): "[" + values.map(\.plainText).joined(separator: ", ") + "]"
        case .map(let entries), .openMap(let entries):
            "{" + entries.map { "\($0.key.plainText): \($0.value.plainText)" }.joined(separator: ", ") + "}"
        case .member(let enumeration, let index): enumeration.members[index]
        case .object(let object): object.jobPath ?? object.type.id
        }
    }
}

extension [ConfigObject.Tag] {
    /// A folder name from tags: `learning_rate=0.001_seed=1`, sorted by name, unusual characters replaced by
    /// `-`.
    package var pathComponent: String {
        sorted { ByteOrder.less($0.name, $1.name) }
            .map { "\(Self.safe($0.name))=\(Self.safe($0.value.plainText))" }
            .joined(separator: "_")
    }

    private static func safe(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                        || "+-.,_".unicodeScalars.contains(scalar)
                        ? scalar : "-"
                }))
    }
}
