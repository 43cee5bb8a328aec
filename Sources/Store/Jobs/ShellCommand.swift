import System
import Text

/// A text that a shell runs, as an argument vector.
///
/// Where it is strict, the first command that fails ends it, also within a pipe: by `bash -e -o pipefail`, or
/// by `sh -e`, which knows no `pipefail` everywhere, where there is no bash.
package struct ShellCommand: Equatable {
    package let text: String

    private static let bash: String? = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].first(
        where: Files.isExecutable)

    /// The shell of a text.
    package static var shell: String { bash ?? "/bin/sh" }

    /// The arguments before the text, in all forms that xpm has written.
    private static let forms = [
        ["/bin/sh", "-c"], ["/bin/sh", "-e", "-c"], ["/bin/bash", "-e", "-o", "pipefail", "-c"],
        ["/usr/bin/bash", "-e", "-o", "pipefail", "-c"],
        ["/usr/local/bin/bash", "-e", "-o", "pipefail", "-c"],
    ]

    package init(_ text: String) { self.text = text }

    /// - Returns: nil for a command that is no text for a shell.
    package init?(arguments: [String]) {
        guard let text = arguments.last, Self.forms.contains(where: { $0 == arguments.dropLast() }) else {
            return nil
        }
        self.text = text
    }

    package func arguments(isStrict: Bool) -> [String] {
        guard isStrict else { return ["/bin/sh", "-c", text] }
        if let bash = Self.bash { return [bash, "-e", "-o", "pipefail", "-c", text] }
        return ["/bin/sh", "-e", "-c", text]
    }
}
