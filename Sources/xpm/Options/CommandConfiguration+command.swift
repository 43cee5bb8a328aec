import ArgumentParser
import Text

extension CommandConfiguration {
    /// A command that can be parsed by itself.
    ///
    /// - Parameter group: the command that it belongs to; empty for `xpm` itself.
    static func command(
        _ name: String, of group: String = "", abstract: String, usage: String? = nil,
        discussion: String = "",
        subcommands: [any ParsableCommand.Type] = [], defaultSubcommand: (any ParsableCommand.Type)? = nil
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, _superCommandName: group.isEmpty ? "xpm" : "xpm \(group)", abstract: abstract,
            usage: usage, discussion: discussion, subcommands: subcommands,
            defaultSubcommand: defaultSubcommand)
    }
}
