import Model
import System
package import Text

/// Values that are not to be read by everybody: those that came from the environment, and those of the names
/// that `secret` of settings.yaml lists. A file that has one of them is for its owner only; in a record they
/// are masked.
package struct Secrets: Sendable {
    /// What stands in the place of one.
    package static let mask = "***"

    /// As they are written: as they are, and as JSON and a shell quote them.
    private var texts: TextSet = []
    /// The names whose values are secret.
    private let names: TextSet

    /// Shorter ones are no secrets by themselves: a number, a word.
    private static let least = 6

    package init(names: [String] = []) { self.names = TextSet(names) }

    /// Whether the value of a name is one: of a variable, or of a key of the configuration.
    package func isSecret(name: String) -> Bool { names.contains(name) }

    /// Adds what a variable of the environment has given. A path of something that is there, and what is
    /// short, is no secret by that.
    package mutating func add(variable name: String, _ value: String) {
        guard isSecret(name: name) || value.utf8.count >= Self.least && !Files.exists(value) else { return }
        add(value)
        // A number is written in its own way.
        if let read = try? Setting.Content(plain: value, at: .none) {
            add(Setting(read, origin: .none).value.plainText)
        }
    }

    /// Adds a value.
    package mutating func add(_ value: String) {
        // A shorter one would be found everywhere; it is masked by its name.
        if value.utf8.count < 4 { return }
        texts.insert(value)
        texts.insert(String(decoding: JSON.string(value).bytes.dropFirst().dropLast(), as: UTF8.self))
        texts.insert(ShellWords.quote(value))
        texts.insert(LuaText.quote(value))
        // A text of the shell is quoted once more as a word.
        texts.insert(ShellWords.quote(value).replacing("'", with: #"'\''"#))
    }

    /// Adds the values in a configuration that stand under a secret name.
    package mutating func add(in setting: Setting) {
        for (path, leaf) in setting.leaves()
        where hasSecretName(path) {
            add(leaf.value.plainText)
        }
    }

    /// Adds the values of a sweep's parameters that have a secret name.
    package mutating func add(in sweep: ConfigurationSweep) {
        for axis in sweep.axes {
            for (place, path) in axis.paths.enumerated()
            where hasSecretName(path) {
                for step in axis.steps { add(step[place].value.plainText) }
            }
        }
    }

    /// Whether a path of a configuration, or a name, has a secret name in it.
    private func hasSecretName(_ path: String) -> Bool {
        path.split(separator: ".").contains { isSecret(name: String($0)) }
    }

    /// Whether a configuration file has a secret name, or one of the values.
    package func areNamed(in bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return names.contains { text.contains($0.text) } || areIn(bytes)
    }

    /// Whether there are none, so that nothing has to be looked for.
    package var isEmpty: Bool { texts.isEmpty }

    /// Whether one of them is in a file.
    package func areIn(_ bytes: [UInt8]) -> Bool {
        if isEmpty { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        return texts.contains { text.contains($0.text) }
    }

    /// A record in which each of them is masked, and so is what stands under a secret name.
    package func masked(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(masked(text))
        case .array(let values): .array(values.map(masked))
        case .object(let members):
            .object(
                members.map {
                    .init($0.name, hasSecretName($0.name) ? .string(Self.mask) : masked($0.value))
                })
        default: json
        }
    }

    /// The words of a command line, with the values of `--env` and of secret names masked.
    package func masked(commandLine words: [String]) -> [String] {
        words.enumerated().map { index, word in
            let before = index > 0 ? words[index - 1] : ""
            if before == "--env" || word.hasPrefix("--env=") {
                let (option, rest) = word.after("--env=").map { ("--env=", String($0)) } ?? ("", word)
                return "\(option)\(rest.cut(at: "=").map { String($0.before) } ?? rest)=\(Self.mask)"
            }
            if before.hasPrefix("--"), isSecret(name: String(before.dropFirst(2))) { return Self.mask }
            guard let (name, _) = word.cut(at: "="),
                name.split(separator: ",").contains(where: { one in
                    let last = one.split(separator: ".").last ?? one
                    return isSecret(name: String((last.before(":") ?? last).drop { $0 == "-" }))
                })
            else { return masked(word) }
            return "\(name)=\(Self.mask)"
        }
    }

    /// A text in which each of them is masked.
    package func masked(_ text: String) -> String {
        // The longest first: one may begin as another does.
        texts.ordered.sorted { $0.utf8.count > $1.utf8.count }.reduce(text) {
            $0.replacing($1, with: Self.mask)
        }
    }
}
