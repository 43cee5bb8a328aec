extension ConfigObject {
    /// The tags of this object and of all that it contains; of two with one name, the outer one counts.
    package func allTags() -> [Tag] {
        var found: [Tag] = []
        var visited: Set<ObjectIdentifier> = []
        collectTags(&found, &visited)
        return found.sorted { ByteOrder.less($0.name, $1.name) }
    }

    private func collectTags(_ found: inout [Tag], _ visited: inout Set<ObjectIdentifier>) {
        guard visited.insert(ObjectIdentifier(self)).inserted else { return }
        for tag in tags where !found.contains(where: { $0.name == tag.name }) { found.append(tag) }
        forEachObject { $0.collectTags(&found, &visited) }
    }

    /// The submitted tasks that this one has to wait for: those in its values, at any depth, and those added.
    ///
    /// The walk does not enter a task: what that one needs is its own affair.
    package func taskDependencies() -> [ConfigObject] {
        var found: [ConfigObject] = []
        var visited: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
        func visit(_ object: ConfigObject) {
            guard visited.insert(ObjectIdentifier(object)).inserted else { return }
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

extension Value {
    /// A tag's or argument's value as text: `0.001`, `true`, `adam`, `[1, 2]`.
    package var plainText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .float(let value): NumberText.argument(value)
        case .string(let value), .path(let value): value
        case .list(let values), .set(let values): "[" + values.map(\.plainText).joined(separator: ", ") + "]"
        case .map(let entries), .openMap(let entries):
            "{" + entries.map { "\($0.key.plainText): \($0.value.plainText)" }.joined(separator: ", ") + "}"
        case .member(let enumeration, let index): enumeration.members[index]
        case .object(let object): object.jobPath ?? object.type.id
        }
    }
}

extension [ConfigObject.Tag] {
    /// A folder name from tags: `learning_rate=0.001_seed=1`, sorted by name, unusual characters replaced by `-`.
    package var pathComponent: String {
        sorted { ByteOrder.less($0.name, $1.name) }
            .map { "\(Self.safe($0.name))=\(Self.safe($0.value.plainText))" }
            .joined(separator: "_")
    }

    private static func safe(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "+-.,_".unicodeScalars.contains(scalar)
                ? scalar : "-"
        }))
    }
}
