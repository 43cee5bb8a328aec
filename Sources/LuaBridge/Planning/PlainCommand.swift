import System
import Text

/// Texts for a shell that mean the same without one.
enum PlainCommand {
    /// Whether a shell would read a text as words between spaces, and expand none of them.
    static func hasOnlyWords(_ text: String) -> Bool {
        text.split(separator: " ").allSatisfy { ShellWords.isPlain(String($0)) }
    }

    /// Whether the first word of a text names a program: no variable, no word of the shell's own.
    ///
    /// - Parameter isWhole: whether nothing follows the text.
    static func isProgram(_ text: String, isWhole: Bool) -> Bool {
        let word = text.cut(at: " ")?.before ?? text[...]
        guard ShellWords.isPlain(String(word)), isWhole || word.utf8.count < text.utf8.count else {
            return false
        }
        return !word.contains("=") && !ofShell.contains(String(word))
            // What the shell would load first, and functions that it would get.
            && Environment["BASH_ENV"] == nil && Environment["BASH_FUNC_\(word)%%"] == nil
    }

    /// The reserved words and the builtins of bash (and of sh), but for `true` and `false`, which do what the programs of
    /// these names do.
    private static let ofShell: TextSet = [
        "!", "[", "[[", "alias", "bg", "bind", "break", "builtin", "caller", "case", "cd", "command",
        "compgen",
        "complete", "compopt", "continue", "coproc", "declare", "dirs", "disown", "do", "done", "echo",
        "elif",
        "else", "enable", "esac", "eval", "exec", "exit", "export", "fc", "fg", "fi", "for", "function",
        "getopts",
        "hash", "help", "history", "if", "in", "jobs", "kill", "let", "local", "logout", "mapfile", "popd",
        "printf", "pushd", "pwd", "read", "readarray", "readonly", "return", "select", "set", "shift",
        "shopt",
        "source", "suspend", "test", "then", "time", "times", "trap", "type", "typeset", "ulimit", "umask",
        "unalias", "unset", "until", "wait", "while", ".", ":", "{", "}",
    ]
}
