/// A type of configuration: its id, and what parameters its objects have.
package final class ConfigType {
    package enum Kind: String {
        case config, task
        /// A config of which two equal ones, met in one object, are told apart.
        case instance
    }

    package let id: String
    package let kind: Kind
    package let base: ConfigType?
    package let help: String?
    /// Its own parameters and its bases', in ascending order of the UTF-8 bytes of their names.
    package let parameters: [Parameter]
    /// Where it was defined: `experiment.lua:12`.
    package let definedAt: String

    private let positions: [String: Int]
    /// The id and the names as they stand in the canonical bytes.
    let identityHeader: [UInt8]
    let identityNames: [[UInt8]]

    /// Names that mean something on every object, so that no parameter can have them.
    package static let reservedNames: Set<String> = [
        "submit", "tag", "tags", "identifier", "copy", "add_dependencies", "on_completed", "watch_output",
        "output",
        "progress", "result", "log", "taskdir", "remaining_time", "here", "jobdir", "type", "xpm",
    ]

    /// - Throws: the first parameter that has a reserved or malformed name, or changes the type of its base's.
    package init(
        id: String, kind: Kind, base: ConfigType? = nil, parameters own: [Parameter], help: String? = nil,
        definedAt: String = ""
    ) throws(TypeError) {
        guard Self.isValid(id: id) else { throw TypeError.malformedID(id) }
        self.id = id
        self.kind = kind
        self.base = base
        self.help = help
        self.definedAt = definedAt
        var all: [String: Parameter] = [:]
        for parameter in base?.parameters ?? [] { all[parameter.name] = parameter }
        for parameter in own {
            if Self.reservedNames.contains(parameter.name) { throw TypeError.reservedName(parameter.name) }
            guard Self.isValid(name: parameter.name) else { throw TypeError.malformedName(parameter.name) }
            if let inherited = all[parameter.name], !parameter.type.narrows(inherited.type) {
                throw TypeError.changedType(
                    name: parameter.name, from: inherited.type.title, to: parameter.type.title)
            }
            all[parameter.name] = parameter
        }
        parameters = all.values.sorted { ByteOrder.less($0.name, $1.name) }
        positions = Dictionary(
            uniqueKeysWithValues: parameters.enumerated().map { ($0.element.name, $0.offset) })
        identityHeader = Array(id.lowercased().utf8)
        identityNames = parameters.map {
            var encoder = ValueEncoder()
            encoder.write(string: $0.name)
            encoder.bytes.append(ValueEncoder.Tag.name)
            return encoder.bytes
        }
    }

    /// The last component of the id: the name of the job's files.
    package var shortName: String {
        String(id[(id.lastIndex(of: ".").map(id.index(after:)) ?? id.startIndex)...])
    }

    package func position(of name: String) -> Int? { positions[name] }

    package func isKind(of other: ConfigType) -> Bool {
        var type: ConfigType? = self
        while let one = type {
            if one === other { return true }
            type = one.base
        }
        return false
    }

    /// An id is a file name too: letters, digits and `_ - .` of any script, not beginning with a dot.
    private static func isValid(id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 200 && id.first != "." && id.last != "."
            && id.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil
                    || "_-.".unicodeScalars.contains($0)
            }
    }

    private static func isValid(name: String) -> Bool {
        guard let first = name.unicodeScalars.first, first == "_" || first.properties.isAlphabetic else {
            return false
        }
        return name.unicodeScalars.allSatisfy {
            $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
        }
    }
}

extension ParameterType {
    /// Whether this may stand where the base's parameter had another type: the same type, or a config derived from it.
    fileprivate func narrows(_ other: ParameterType) -> Bool {
        if case .config(let mine) = self, case .config(let theirs) = other,
            let type = mine.type, let base = theirs.type
        {
            return type.isKind(of: base)
        }
        return title == other.title
    }
}
