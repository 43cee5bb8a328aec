import Text

/// An option of a program, as the program tells it, or an argument by its place.
struct ProgramOption: Equatable {
    enum Kind: String {
        case int, float, bool, string, path
        /// Given, or not.
        case flag
        /// One that no parameter stands for: why is in `note`.
        case skip
    }

    /// `--learning-rate`, `-l`; none of an argument by its place.
    var flags: [String]
    /// What the program calls it.
    var name: String
    var kind: Kind
    var isList = false
    var choices: [JSON]?
    /// null where it has none, or does not tell.
    var initial = JSON.null
    var isRequired = false
    var help = ""
    /// What could not be read of it.
    var note: String?
    /// Of a flag: whether there is a second one that says the opposite, and its name.
    var negative: String?

    /// The option by its long name, without hyphens before it; nil for one that has a letter only.
    var long: String? { flags.lazy.compactMap { $0.after("--").map(String.init) }.first { !$0.isEmpty } }
}

/// What a program tells of itself.
struct ProgramDescription: Equatable {
    enum Framework: String {
        case argparse, click, typer, hydra
        /// By its help text.
        case help
    }

    var framework: Framework
    var help = ""
    var options: [ProgramOption] = []
    /// Subcommands, of which none was named.
    var subcommands: [String] = []
}

extension ProgramDescription {
    /// What `xpm_describe.py` has written.
    init?(_ json: JSON) {
        guard let framework = json["framework"]?.string.flatMap(Framework.init) else { return nil }
        self.framework = framework
        help = json["help"]?.string ?? ""
        if case .array(let names)? = json["subcommands"] { subcommands = names.compactMap(\.string) }
        guard case .array(let all)? = json["options"] else { return }
        for one in all {
            guard let name = one["name"]?.string,
                let kind = one["kind"]?.string.flatMap(ProgramOption.Kind.init)
            else { continue }
            func texts(_ key: String) -> [String] {
                if case .array(let values)? = one[key] { values.compactMap(\.string) } else { [] }
            }
            var option = ProgramOption(flags: texts("flags"), name: name, kind: kind)
            option.isList = one["list"] == .bool(true)
            if case .array(let values)? = one["choices"], !values.isEmpty { option.choices = values }
            option.initial = one["default"] ?? .null
            option.isRequired = one["required"] == .bool(true)
            option.help = one["help"]?.string ?? ""
            option.note = one["note"]?.string
            if one["paired"] == .bool(true) {
                option.negative = texts("negative").first ?? option.long.map { "--no-\($0)" }
            }
            options.append(option)
        }
    }
}
