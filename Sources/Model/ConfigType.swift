package import Text

/// A type of configuration: its id, and what parameters its objects have.
package final class ConfigType {
    package enum Kind: String {
        case config, task
        /// A task that a time limit may stop and that then goes on where it was: its folder is kept.
        case resumable
        /// Runs in the process of the task that it prepares, before that one.
        case lightweight
        /// Makes something ready for the tasks that have it as a parameter: a job before them.
        case prepare
        /// Done on demand with what an experiment has made, after it.
        case action
        /// A config of which two equal ones, met in one object, are told apart.
        case instance

        /// Whether its objects can be submitted.
        package var isTask: Bool { self == .task || isResumable }

        /// Whether a job of it goes on where a former attempt was stopped.
        package var isResumable: Bool { self == .resumable || self == .prepare }
    }

    package let id: String
    package let kind: Kind
    package let base: ConfigType?
    package let help: String?
    /// Its own parameters and its bases', in ascending order of the UTF-8 bytes of their names.
    package let parameters: [Parameter]
    /// Where it was defined: `experiment.lua:12`.
    package let definedAt: String
    /// The Python class that its objects are instances of, where it has one.
    package let python: PythonClass?
    /// What took its place, if it is deprecated.
    package let deprecation: Deprecation?
    /// Its own parameters that change those of its base without saying so.
    package let unmarkedOverrides: [String]

    /// Whether a parameter is left out of identities at its default.
    package let hasIgnoredDefaults: Bool

    /// Whether a function makes the default of a parameter.
    let makesDefaults: Bool
    /// Whether a parameter is a path, or has one made.
    package let hasPaths: Bool
    /// Whether an output of its tasks may go when nobody needs it.
    package let hasTemporaryPaths: Bool

    private let positions: TextMap<Int>
    /// Former names of parameters.
    private let renames: TextMap<Rename>
    /// The id and the names as they stand in the canonical bytes.
    let identityHeader: [UInt8]
    let identityNames: [[UInt8]]

    /// Names that mean something on every object, so that no parameter can have them.
    package static let reservedNames: TextSet = [
        "submit", "tag", "tags", "identifier", "copy", "add_dependencies", "on_completed", "watch_output",
        "output",
        "progress", "result", "log", "taskdir", "remaining_time", "here", "jobdir", "type", "xpm",
    ]

    /// What a definition says beyond its parameters.
    package struct Options {
        package var help: String?
        package var definedAt = ""
        package var python: PythonClass?
        package var deprecation: Deprecation?
        package var renames: [Rename] = []

        package init() {}
    }

    /// - Throws: the first parameter that has a reserved or malformed name, or changes the type of its
    ///   base's.
    package init(
        id: String, kind: Kind, base: ConfigType? = nil, parameters own: [Parameter],
        options: Options = Options()
    ) throws(TypeError) {
        guard Self.isValid(id: id) else { throw TypeError.malformedID(id) }
        self.id = id
        self.kind = kind
        self.base = base
        help = options.help
        definedAt = options.definedAt
        python = options.python
        deprecation = options.deprecation
        var all: TextMap<Parameter> = [:]
        var unmarked: [String] = []
        for parameter in base?.parameters ?? [] { all[parameter.name] = parameter }
        for parameter in own {
            try Self.check(name: parameter.name)
            if let inherited = all[parameter.name] {
                guard parameter.type.narrows(inherited.type) else {
                    throw TypeError.changedType(
                        name: parameter.name, from: inherited.type.title, to: parameter.type.title)
                }
                if !parameter.overrides { unmarked.append(parameter.name) }
            }
            all[parameter.name] = parameter
        }
        unmarkedOverrides = unmarked.sorted(by: ByteOrder.less)
        parameters = all.values.sorted { ByteOrder.less($0.name, $1.name) }
        makesDefaults = parameters.contains { $0.makeDefault != nil }
        hasPaths = parameters.contains { $0.jobPath != nil || $0.partial != nil || $0.type.isOfPaths }
        hasTemporaryPaths = parameters.contains(where: \.isTemporary)
        hasIgnoredDefaults = parameters.contains { $0.ignoresDefault }
        positions = TextMap(texts: parameters.enumerated().map { ($0.element.name, $0.offset) })
        var renames = base?.renames ?? [:]
        for rename in options.renames {
            try Self.check(name: rename.former)
            if all[rename.former] != nil { throw TypeError.renamedAndThere(rename.former) }
            if case .parameter(let name) = rename.way, all[name] == nil {
                throw TypeError.renamedToUnknown(rename.former, name)
            }
            renames[rename.former] = rename
        }
        self.renames = renames
        key = options.deprecation?.target?.key ?? id.lowercased()
        shortName = Self.shortName(ofKey: key)
        identityHeader = Array(key.utf8)
        identityNames = parameters.map {
            var encoder = ValueEncoder()
            encoder.write(string: $0.name)
            encoder.bytes.append(ValueEncoder.Tag.name)
            return encoder.bytes
        }
    }

    /// The id in identities and folder names: lower-case, and that of the type which took its place.
    package let key: String

    /// The last component of the key: the name of the job's files.
    package let shortName: String

    /// The last component of a key: `train` of `iris.train`.
    package static func shortName(ofKey key: String) -> String {
        String(key.cut(atLast: ".")?.after ?? key[...])
    }

    /// Whether parameters had other names once.
    package var hasRenames: Bool { !renames.isEmpty }

    /// The former names of parameters, in byte order.
    package var formerNames: [Rename] { renames.orderedKeys.compactMap { renames[$0] } }

    package func position(of name: String) -> Int? { positions[name] }

    /// What became of a parameter that had this name once.
    package func rename(of former: String) -> Rename? { renames[former] }

    package func isKind(of other: ConfigType) -> Bool {
        var type: ConfigType? = self
        while let one = type {
            if one === other { return true }
            type = one.base
        }
        // What is deprecated still goes where the new type goes.
        return deprecation?.target?.isKind(of: other) ?? false
    }

    /// An id is a file name too: letters, digits and `_ - .` of any script, not beginning with a dot.
    private static func isValid(id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 200 && !id.hasPrefix(".") && !id.hasSuffix(".")
            && id.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil
                    || "_-.".unicodeScalars.contains($0)
            }
    }

    private static func check(name: String) throws(TypeError) {
        if reservedNames.contains(name) { throw TypeError.reservedName(name) }
        guard let first = name.unicodeScalars.first, first == "_" || first.properties.isAlphabetic,
            name.unicodeScalars.allSatisfy({
                $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
            })
        else { throw TypeError.malformedName(name) }
    }
}

extension ParameterType {
    /// Whether this may stand where the base's parameter had another type: the same type, or a config derived
    /// from it, also inside lists, sets, maps and optionals.
    fileprivate func narrows(_ other: ParameterType) -> Bool {
        switch (self, other) {
        case (.config(let mine), .config(let theirs)):
            if let type = mine.type, let base = theirs.type { return type.isKind(of: base) }
            return mine.id == theirs.id
        case (.constrained(let mine, _), _): return mine.narrows(other)
        case (_, .constrained(let theirs, _)): return narrows(theirs)
        case (.list(let mine), .list(let theirs)), (.set(let mine), .set(let theirs)),
            (.optional(let mine), .optional(let theirs)):
            return mine.narrows(theirs)
        case (.map(let key, let mine), .map(let otherKey, let theirs)):
            return key.title == otherKey.title && mine.narrows(theirs)
        default: return title == other.title
        }
    }
}
