import Text

/// Objects of deprecated types, and what takes their place.
extension ConfigObject {
    func convertIfDeprecated(
        _ check: (ConfigObject) throws -> Void, _ visited: inout Set<ObjectIdentifier>
    ) throws {
        guard let converted = try converted() else { return }
        try converted.complete(check: check, &visited)
        replacement = converted
    }

    /// The object of the new type, for one of a deprecated type.
    private func converted() throws -> ConfigObject? {
        guard let convert = type.deprecation?.convert else { return nil }
        let converted = try convert(self)
        let count = conversions + 1
        guard count < 64 else {
            throw ValueError(
                .refused("\(type.id): deprecated types are converted into each other without end"))
        }
        if converted.type.deprecation != nil { converted.conversions = count }
        return converted
    }

    /// - Throws: a parameter without a value, in the object that it stands for or in one in that.
    package func checkComplete() throws(ValueError) {
        var visited: Set<ObjectIdentifier> = []
        func check(_ object: ConfigObject) throws(ValueError) {
            let object = object.represented
            guard visited.insert(ObjectIdentifier(object)).inserted else { return }
            for (parameter, value) in zip(object.type.parameters, object.values)
            where value == nil && parameter.jobPath == nil {
                throw ValueError(.missingParameter(name: parameter.name, of: object.type.id))
            }
            var inner: [ConfigObject] = []
            object.forEachObject { inner.append($0) }
            for one in inner { try check(one) }
        }
        try check(self)
    }

    /// Puts what took the place of deprecated objects in their place: the task sees objects of the new types.
    func representDeprecated() {
        for (position, value) in values.enumerated() {
            var hasDeprecated = false
            value?.forEachObject { if $0.replacement != nil { hasDeprecated = true } }
            if hasDeprecated, let value { restore(position, to: value.represented) }
        }
    }

    /// Converts this object and those in it that are of deprecated types, so that its identifier can be
    /// computed before it is sealed.
    package func convertDeprecated() throws {
        var visited: Set<ObjectIdentifier> = []
        try convertDeprecated(&visited)
    }

    private func convertDeprecated(_ visited: inout Set<ObjectIdentifier>) throws {
        if isSealed || !visited.insert(ObjectIdentifier(self)).inserted { return }
        try forEachObject { try $0.convertDeprecated(&visited) }
        guard let converted = try converted() else { return }
        try converted.convertDeprecated(&visited)
        replacement = converted
    }

    /// Takes over what was said of an object that this one takes the place of.
    package func takeOver(from other: ConfigObject) {
        for tag in other.tags { addTag(tag) }
        if meta == nil { meta = other.meta }
        if !other.extraDependencies.isEmpty { extraDependencies += other.extraDependencies }
        if initTasks.isEmpty { initTasks = other.initTasks }
    }
}

extension Value {
    /// The same value with what took the place of deprecated objects; what a task made stays made by it.
    fileprivate var represented: Value {
        switch self {
        case .object(let object):
            let new = object.represented
            if new !== object {
                if new.task == nil, object.task !== object { new.task = object.task }
                if new.meta == nil { new.meta = object.meta }
            }
            return .object(new)
        case .list(let values): return .list(values.map(\.represented))
        case .set(let values): return .set(values.map(\.represented))
        case .map(let entries):
            return .map(entries.map { .init(key: $0.key, value: $0.value.represented) })
        case .openMap(let entries):
            return .openMap(entries.map { .init(key: $0.key, value: $0.value.represented) })
        default: return self
        }
    }
}
