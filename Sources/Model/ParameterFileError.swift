package import Text

/// Why a file of objects cannot be used.
package enum ParameterFileError: TextualError, Equatable {
    case notJSON(JSONError)
    case newer(Int64, known: Int64)
    case malformed(String)
    case unknownType(String)
    case value(String, ValueError)

    package var text: String { text(in: "params.json") }

    package func text(in file: String) -> String {
        switch self {
        case .notJSON(let error): "\(file) is not JSON: \(error.problem) at byte \(error.offset)"
        case .newer(let version, let known):
            "\(file) has version \(version); this xpm reads versions up to \(known)"
        case .malformed(let what): "\(file): \(what)"
        case .unknownType(let id): "\(file): no type '\(id)' is defined by the Lua files that are loaded"
        case .value(let type, let error): "\(file): \(type)\(error.path): \(error.text)"
        }
    }
}
