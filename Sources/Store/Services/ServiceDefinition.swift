import Model
import Settings
package import System
package import Text

/// What a service that is a program is made with. Kept with the run, so that it can be started again without
/// the script.
package struct ServiceDefinition: Sendable, Equatable {
    package enum Ready: Sendable, Equatable {
        /// As soon as its process runs.
        case started
        /// When it takes connections at its port.
        case tcp
        /// When it answers a GET of this path, with any status below 500.
        case http(String)
        /// When its output has a line in which this regular expression is found.
        case output(String)
        /// When somebody says so: a function of the script.
        case asked
    }

    package enum Restart: String, Sendable, CaseIterable {
        case never
        case onFailure = "on-failure"
        case always
    }

    package var id: String
    package var description = ""
    /// The argument vector, with `{port}`, `{dir}` and `{run}` in it.
    package var arguments: [String]
    package var environment: [EnvironmentVariable] = []
    /// Whether it is reached with a browser.
    package var isWeb = false
    /// Its port; 0 for a free one.
    package var port = 0
    /// Where its pages begin.
    package var path = "/"
    package var ready = Ready.started
    /// Seconds that it has to become ready.
    package var timeout = 30.0
    package var restart = Restart.never
    /// Whether it stays when the run ends.
    package var outlivesRun = false
    /// Whether the run fails with it.
    package var failsRun = false
    package var parts: [ServiceDefinition] = []

    package init(id: String, arguments: [String]) {
        self.id = id
        self.arguments = arguments
    }

    /// Whether it has to have a port.
    package var needsPort: Bool { isReached || namesPort }

    /// Whether somebody connects to it.
    private var isReached: Bool {
        switch ready {
        case .tcp, .http: true
        default: isWeb
        }
    }

    private var texts: [String] { arguments + environment.map(\.value) }
    private var namesPort: Bool { texts.contains { $0.contains("{port}") } }

    /// What keeps it from working, whatever its program does.
    package var problem: String? {
        if !arguments.isEmpty, isReached, port == 0, !namesPort {
            return "nothing tells the program its port: {port} in its command or in env, or port = …"
        }
        for text in texts {
            if let hint = Self.misspelt(in: text) { return hint }
        }
        return nil
    }

    private static let values = ["port", "dir", "run", "here"]

    /// Other words in braces may be the program's own.
    private static func misspelt(in text: String) -> String? {
        for part in text.split(separator: "{").dropFirst() {
            let word = String(part.cut(at: "}")?.before ?? part)
            guard part.contains("}"), !values.contains(word) else { continue }
            let hint = Suggestion.hint(for: word, among: values)
            if !hint.isEmpty { return "there is no {\(word)}\(hint)" }
        }
        return nil
    }

    /// A text with the values of one start in it.
    package static func fill(_ text: String, port: Int?, dir: String, run: String) -> String {
        var filled = text.replacing("{dir}", with: dir).replacing("{run}", with: run)
        if let port { filled = filled.replacing("{port}", with: String(port)) }
        return filled
    }

    /// The longest timeout, in seconds.
    package static let longest = 1e6

    package static func isID(_ text: String) -> Bool { Partial.isName(text) && text != "parts" }
}

extension ServiceDefinition {
    package var json: JSON { json(masksVariables: false) }

    /// Whether it, or a part of it, has variables.
    var hasVariables: Bool { !environment.isEmpty || parts.contains(where: \.hasVariables) }

    /// - Parameter masksVariables: for what everybody may read.
    package func json(masksVariables: Bool) -> JSON {
        let variables = environment.map {
            EnvironmentVariable(name: $0.name, value: masksVariables ? Secrets.mask : $0.value)
        }
        return [
            "id": .string(id), "description": .string(description),
            "arguments": .array(arguments.map(JSON.string)),
            "environment": EnvironmentVariable.json(variables),
            "web": .bool(isWeb), "port": .int(Int64(port)), "path": .string(path), "ready": ready.json,
            "timeout": .float(timeout), "restart": .string(restart.rawValue), "keep": .bool(outlivesRun),
            "required": .bool(failsRun),
            "services": .array(parts.map { $0.json(masksVariables: masksVariables) }),
        ]
    }

    /// - Returns: nil for what is no definition.
    package init?(_ json: JSON) {
        guard let id = json["id"]?.string, Self.isID(id),
            let arguments = json["arguments"]?.array?.compactMap(\.string)
        else { return nil }
        self.init(id: id, arguments: arguments)
        description = json["description"]?.string ?? ""
        environment = EnvironmentVariable.list(json["environment"])
        isWeb = json["web"] == JSON.bool(true)
        port =
            json["port"]?.int.flatMap { Int(exactly: $0) }.flatMap { (0...65535).contains($0) ? $0 : nil }
            ?? 0
        path = json["path"]?.string ?? "/"
        ready = json["ready"].flatMap(Ready.init) ?? .started
        timeout = json["timeout"]?.number.flatMap { (0...Self.longest).contains($0) ? $0 : nil } ?? 30
        restart = json["restart"]?.string.flatMap(Restart.init(rawValue:)) ?? .never
        outlivesRun = json["keep"] == JSON.bool(true)
        failsRun = json["required"] == JSON.bool(true)
        parts = (json["services"]?.array ?? []).compactMap(ServiceDefinition.init)
    }
}

extension ServiceDefinition.Ready {
    fileprivate var json: JSON {
        switch self {
        case .started: "started"
        case .tcp: "tcp"
        case .asked: "asked"
        case .http(let path): ["http": .string(path)]
        case .output(let pattern): ["output": .string(pattern)]
        }
    }

    fileprivate init?(_ json: JSON) {
        switch json.string {
        case "started"?: self = .started
        case "tcp"?: self = .tcp
        case "asked"?: self = .asked
        default:
            if let path = json["http"]?.string {
                self = .http(path)
            } else if let pattern = json["output"]?.string {
                self = .output(pattern)
            } else {
                return nil
            }
        }
    }
}
