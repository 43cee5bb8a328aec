import Text

/// Config objects that two tasks have, and whose paths each needs in its own folder.
extension ConfigObject {
    /// Gives this object copies of the config objects in it that were submitted with another task and have
    /// paths of that task: its own paths lie in its own folder.
    package func separatePaths() {
        if isFlat { return }
        var copies: [ObjectIdentifier: ConfigObject] = [:]
        var visited: Set<ObjectIdentifier> = []
        separatePaths(&copies, &visited)
    }

    private func separatePaths(
        _ copies: inout [ObjectIdentifier: ConfigObject], _ visited: inout Set<ObjectIdentifier>
    ) {
        guard !isSealed, visited.insert(ObjectIdentifier(self)).inserted else { return }
        for (position, value) in values.enumerated() {
            var isShared = false
            value?.forEachObject { object in
                if object.hasPathsOfAnother {
                    isShared = true
                } else {
                    object.separatePaths(&copies, &visited)
                }
            }
            if isShared, let value { restore(position, to: value.replacingShared(&copies)) }
        }
    }

    /// Whether it, or an object in it, has a path that was made for a task.
    fileprivate var hasPathsOfAnother: Bool {
        guard isSealed, task == nil, !isLoaded else { return false }
        if zip(type.parameters, values).contains(where: {
            $0.jobPath != nil && $0.partial == nil && $1 != nil
        }) {
            return true
        }
        var found = false
        forEachObject { if !found { found = $0.hasPathsOfAnother } }
        return found
    }
}

extension Value {
    /// The same value with copies of the shared objects in it, one for each.
    fileprivate func replacingShared(_ copies: inout [ObjectIdentifier: ConfigObject]) -> Value {
        switch self {
        case .object(let object):
            guard object.hasPathsOfAnother else { return self }
            if let known = copies[ObjectIdentifier(object)] { return .object(known) }
            let copy = object.copy()
            copies[ObjectIdentifier(object)] = copy
            for (position, value) in copy.values.enumerated() {
                if let value { copy.restore(position, to: value.replacingShared(&copies)) }
            }
            return .object(copy)
        case .list(let values): return .list(values.map { $0.replacingShared(&copies) })
        case .set(let values): return .set(values.map { $0.replacingShared(&copies) })
        case .map(let entries):
            return .map(entries.map { .init(key: $0.key, value: $0.value.replacingShared(&copies)) })
        case .openMap(let entries):
            return .openMap(entries.map { .init(key: $0.key, value: $0.value.replacingShared(&copies)) })
        default: return self
        }
    }
}
