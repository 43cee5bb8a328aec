package import Text

/// An object of a config type: its values, and what the experiment says of it.
///
/// Belongs to the thread of the script. Sealed objects, and those in them, do not change any more.
package final class ConfigObject {
    package let type: ConfigType
    /// In the order of the type's parameters; nil where no value was given and there is no default.
    package private(set) var values: [Value?] {
        get {
            if rare?.loading != nil { try? load() }
            return ownValues
        }
        _modify { yield &ownValues }
    }
    private var ownValues: [Value?]
    /// The task that made this object; itself for a submitted task.
    package var task: ConfigObject? {
        didSet {
            if task === oldValue { return }
            cachedIdentifier = nil
            cachedTags = nil
        }
    }
    /// Left out of the identity of what contains it (true), or kept although its parameter is meta (false).
    package var meta: Bool?
    package private(set) var isSealed = false
    package private(set) var tags: [Tag] = []
    /// What few objects have.
    private var rare: Rare?
    private var jobPlace = JobPlace.none
    /// The line that made it, as long as nothing has been done with it.
    private var origin: Origin?

    /// A line that makes tasks, and how many of them nothing has been done with.
    package final class Origin {
        package let place: String
        package private(set) var unused = 0

        package init(place: String) { self.place = place }

        fileprivate func add(_ count: Int) { unused += count }
    }

    package func isMade(at origin: Origin) {
        origin.add(1)
        self.origin = origin
    }

    /// It was submitted, or given to something else.
    package func isUsed() {
        if origin == nil { return }
        origin?.add(-1)
        origin = nil
    }

    private enum JobPlace {
        case none
        case path(String)
        /// A folder of this name, which many share: the identifier is the rest.
        case below(String)
    }

    /// The absolute path of the job's folder, once submitted.
    package var jobPath: String? {
        get {
            switch jobPlace {
            case .none: nil
            case .path(let path): path
            case .below(let place): "\(place)/\(identifier.hex)"
            }
        }
        set { jobPlace = newValue.map(JobPlace.path) ?? .none }
    }

    /// Says that the job's folder is that of its identifier, below another.
    package func place(in folder: String) { jobPlace = .below(folder) }

    /// How deep objects nest in its values; a submitted task counts as none.
    private var nesting = 0

    /// Set once sealed, where the identifier does not depend on what contains the object.
    var cachedIdentifier: Identifier?

    /// Set once sealed: a task that many need is walked once.
    var cachedTags: [Tag]?

    /// A name and the value that the experiment varies.
    package struct Tag: Equatable {
        package var name: String
        package var value: Value
        /// The position of the parameter with whose value it came, which it leaves with; -1 for one of the
        /// object itself.
        fileprivate(set) var parameter: Int32 = -1

        package init(name: String, value: Value) {
            self.name = name
            self.value = value
        }

        package static func == (left: Tag, right: Tag) -> Bool {
            left.name == right.name && left.value == right.value
        }
    }

    private final class Rare {
        var initTasks: [ConfigObject] = []
        var extraDependencies: [ConfigObject] = []
        var replacement: ConfigObject?
        var isDynamic = false
        var isLoaded = false
        var tagStops: TextSet = []
        var conversions = 0
        /// Reads it from its own file, where it was left there.
        var loading: (() throws(ParameterFileError) -> ConfigObject)?
        var loadingProblem: ParameterFileError?
    }

    private func rareValues() -> Rare {
        if let rare { return rare }
        let new = Rare()
        rare = new
        return new
    }

    /// Lightweight tasks that run before the task, in its process.
    package var initTasks: [ConfigObject] {
        get { rare?.initTasks ?? [] }
        set { if rare != nil || !newValue.isEmpty { rareValues().initTasks = newValue } }
    }

    /// Tasks to wait for beyond those in its values.
    package var extraDependencies: [ConfigObject] {
        get { rare?.extraDependencies ?? [] }
        set { rareValues().extraDependencies = newValue }
    }

    /// The object that this one of a deprecated type stands for, once it was converted.
    package var replacement: ConfigObject? {
        get { rare?.replacement }
        set { rareValues().replacement = newValue }
    }

    /// How many conversions of deprecated objects led to it.
    var conversions: Int {
        get { rare?.conversions ?? 0 }
        set { rareValues().conversions = newValue }
    }

    /// What its identifier is of: itself, or what took its place.
    package var represented: ConfigObject { replacement?.represented ?? self }

    /// The parameters whose objects keep their tags to themselves.
    package var tagStops: TextSet { rare?.tagStops ?? [] }

    package func stopTags(of parameter: String) { rareValues().tagStops.insert(parameter) }

    /// Whether its task makes it while it runs, so that nothing waits for the end of that task because of it.
    package var isDynamic: Bool {
        get { rare?.isDynamic ?? false }
        set { rareValues().isDynamic = newValue }
    }

    /// Whether it was read from a file: a task of an earlier run, which is not submitted again.
    package var isLoaded: Bool {
        get { rare?.isLoaded ?? false }
        set { rareValues().isLoaded = newValue }
    }

    /// With the default values; those that a function makes come with `fillDefaults`.
    package init(_ type: ConfigType) {
        self.type = type
        ownValues = type.parameters.map { parameter in
            if let value = parameter.defaultValue { return value.cloned }
            return parameter.isRequired || parameter.jobPath != nil || parameter.makeDefault != nil
                ? nil : .null
        }
    }

    /// Gives the parameters that have no value yet, and whose default a function makes, theirs.
    package func fillDefaults() throws(ValueError) {
        if !type.makesDefaults { return }
        for (position, parameter) in type.parameters.enumerated() where values[position] == nil {
            guard let make = parameter.makeDefault else { continue }
            do throws(ValueError) {
                let value = try make()
                if let complaint = parameter.constraint.complaint(about: value) {
                    throw ValueError(.wrongType(expected: complaint, got: "\(value.told) by default"))
                }
                values[position] = try noteNesting(of: value)
            } catch {
                throw error.within(".\(parameter.name)")
            }
        }
    }

    /// An object from a table, as YAML or a nested Lua table gives it.
    package convenience init(
        _ type: ConfigType, from entries: [Value.Entry], depth: Int = 0
    ) throws(ValueError) {
        self.init(type)
        for entry in entries {
            guard case .string(let name) = entry.key else {
                throw ValueError(.wrongType(expected: "names of parameters as keys", got: entry.key.told))
            }
            try set(name, to: entry.value, depth: depth)
        }
        try fillDefaults()
    }

    package subscript(name: String) -> Value? {
        type.position(of: name).flatMap { values[$0] }
    }

    /// Gives a parameter its value.
    ///
    /// - Throws: an unknown name, a constant, a generated path, or a value that does not fit.
    package func set(_ name: String, to raw: Value, depth: Int = 0) throws(ValueError) {
        guard let position = type.position(of: name) else {
            if let rename = type.rename(of: name) { return try set(rename, to: raw, depth: depth) }
            let nearest = Suggestion.nearest(to: name, among: type.parameters.map(\.name))
            throw ValueError(
                .unknownParameter(
                    name: name, of: type.id, suggestion: nearest, known: type.parameters.map(\.name)))
        }
        let parameter = type.parameters[position]
        if parameter.isConstant { throw ValueError(.constant(name: name)) }
        if parameter.jobPath != nil { throw ValueError(.generated(name: name)) }
        do throws(ValueError) {
            if case .null = raw, !parameter.type.isOptional {
                values[position] = parameter.defaultValue?.cloned
                return
            }
            let value = try parameter.value(given: raw, of: type.id, depth: depth)
            values[position] = try noteNesting(of: value)
        } catch { throw error.within(".\(name)") }
    }

    private func set(_ rename: Rename, to raw: Value, depth: Int) throws(ValueError) {
        switch rename.way {
        case .parameter(let name): try set(name, to: raw, depth: depth)
        case .function(let apply): try apply(self, raw)
        }
    }

    private func noteNesting(of value: Value) throws(ValueError) -> Value {
        value.forEachObject { nesting = max(nesting, $0.task === $0 ? 0 : $0.nesting + 1) }
        // What walks an object recurses.
        guard nesting < ParameterType.deepest else { throw ValueError(.tooDeep) }
        return value
    }

    /// Puts a value that was read back from a file in its place, constants and generated paths included.
    package func restore(_ position: Int, to value: Value) { values[position] = value }

    /// Its values are read when somebody asks for them.
    package func leave(to read: @escaping () throws(ParameterFileError) -> ConfigObject) {
        rareValues().loading = read
    }

    /// Reads the values of an object that was left to its own file.
    ///
    /// - Throws: a file that is not there or cannot be read, again each time.
    package func load() throws(ParameterFileError) {
        if let problem = rare?.loadingProblem { throw problem }
        guard let read = rare?.loading else { return }
        rare?.loading = nil
        do throws(ParameterFileError) {
            let read = try read()
            guard read.type === type else { throw .malformed("an ancestor of another type: \(read.type.id)") }
            ownValues = read.ownValues
            initTasks = read.initTasks
        } catch {
            rare?.loadingProblem = error
            throw error
        }
    }

    /// Freezes an object that was read from a file, with the identifier that it had when it was written.
    package func finishLoading(as identifier: Identifier) {
        isSealed = true
        isLoaded = true
        cachedIdentifier = identifier
    }

    /// A parameter has got another value: the tags of the one before are gone, and these come.
    package func setTags(_ new: [Tag], ofParameter name: String) {
        if new.isEmpty, tags.isEmpty { return }
        guard let position = type.position(of: name).map(Int32.init) else { return new.forEach(addTag) }
        if !tags.isEmpty { tags.removeAll { $0.parameter == position } }
        for var tag in new {
            tag.parameter = position
            if let value = values[Int(position)], value.isSameNumber(as: tag.value) { tag.value = value }
            addTag(tag)
        }
    }

    /// A tag that says the number of the parameter of its name has the parameter's type: `1.0` of a float.
    package func addTag(_ tag: Tag) {
        var tag = tag
        if let position = type.position(of: tag.name), let value = values[position],
            value.isSameNumber(as: tag.value)
        {
            tag.value = value
        }
        if let index = tags.firstIndex(where: { $0.name == tag.name }) {
            tags[index] = tag
        } else {
            tags.append(tag)
        }
    }

    /// An unsealed object with the same values, tags and meta flag.
    package func copy() -> ConfigObject {
        let copy = ConfigObject(type)
        for (position, parameter) in type.parameters.enumerated() where parameter.jobPath == nil {
            copy.values[position] = values[position]
        }
        copy.tags = tags
        if !tagStops.isEmpty { copy.rareValues().tagStops = tagStops }
        copy.initTasks = initTasks
        copy.meta = meta
        return copy
    }

    /// A copy that shares no object with this one but tasks and what they made.
    fileprivate func deepCopy() -> ConfigObject {
        let copy = copy()
        for (position, value) in copy.values.enumerated() { copy.values[position] = value?.cloned }
        return copy
    }

    /// Checks that the object and those in it are complete, and freezes them.
    ///
    /// - Parameter check: called for each object once all in it have passed: the type's own `validate`.
    /// - Throws: the parameter that has no value, with the way to it, or what `check` throws.
    package func seal(check: (ConfigObject) throws -> Void = { _ in }) throws {
        var visited: Set<ObjectIdentifier> = []
        // Nothing in it can lead back to it.
        if isFlat, type.deprecation == nil {
            if !isSealed { try completeValues(check, &visited) }
        } else {
            try complete(check: check, &visited)
        }
        freeze()
    }

    func complete(
        check: (ConfigObject) throws -> Void, _ visited: inout Set<ObjectIdentifier>
    ) throws {
        if isSealed || !visited.insert(ObjectIdentifier(self)).inserted { return }
        try completeValues(check, &visited)
    }

    private func completeValues(
        _ check: (ConfigObject) throws -> Void, _ visited: inout Set<ObjectIdentifier>
    ) throws {
        try fillDefaults()
        for (position, parameter) in type.parameters.enumerated() {
            guard let value = values[position] else {
                if parameter.jobPath != nil { continue }
                throw ValueError(.missingParameter(name: parameter.name, of: type.id))
            }
            do {
                try value.forEachObject { object in
                    if object.type.kind.isTask, object.task == nil,
                        !visited.contains(ObjectIdentifier(object))
                    {
                        throw ValueError(.notSubmitted(id: object.type.id))
                    }
                    try object.complete(check: check, &visited)
                }
            } catch let error as ValueError { throw error.within(".\(parameter.name)") }
        }
        for task in initTasks { try task.complete(check: check, &visited) }
        try check(self)
        try convertIfDeprecated(check, &visited)
        representDeprecated()
    }

    private func freeze() {
        if isSealed { return }
        isSealed = true
        forEachObject { $0.freeze() }
        replacement?.freeze()
    }

    /// Whether no object is in its values, and it has no init tasks: there is nothing to walk.
    package var isFlat: Bool {
        !values.contains { $0?.holdsObjects ?? false } && rare?.initTasks.isEmpty ?? true
    }

    /// Every object directly in its values, and its init tasks.
    package func forEachObject(_ body: (ConfigObject) throws -> Void) rethrows {
        for value in values { try value?.forEachObject(body) }
        for task in initTasks { try body(task) }
    }
}

extension Value {
    /// Every object directly in this value.
    package func forEachObject(_ body: (ConfigObject) throws -> Void) rethrows {
        switch self {
        case .object(let object): try body(object)
        case .list(let values), .set(let values): for value in values { try value.forEachObject(body) }
        case .map(let entries), .openMap(let entries):
            for entry in entries { try entry.value.forEachObject(body) }
        default: break
        }
    }

    /// A copy with copies of the objects in it, tasks and what they made excepted.
    package var cloned: Value {
        switch self {
        case .object(let object): return object.task == nil ? .object(object.deepCopy()) : self
        case .list(let values): return .list(values.map(\.cloned))
        case .set(let values): return .set(values.map(\.cloned))
        case .map(let entries):
            return .map(entries.map { .init(key: $0.key, value: $0.value.cloned) })
        case .openMap(let entries):
            return .openMap(entries.map { .init(key: $0.key, value: $0.value.cloned) })
        default: return self
        }
    }
}
