import Glibc
package import Store
import System
import Text

/// The words with which `xpm monitor` starts a program that shows a workspace: `WORKSPACE PLACE OPTION…`, where `PLACE`
/// is how other commands name the workspace (` --workdir w`, or nothing).
package struct ViewerArguments {
    package let workspace: Workspace
    package let place: String
    package let options: [String]

    /// Begins such a program. Somebody else's words end it.
    package init() {
        StandardStream.openAll()
        Signals.surviveFileLimit()
        Signals.admit()
        let words = Array(Arguments.all.dropFirst())
        guard words.count >= 2, !words[0].hasPrefix("-") else {
            StandardStream.error.write("error: xpm monitor starts this program\n")
            exit(64)
        }
        workspace = Workspace(path: words[0])
        place = words[1]
        options = Array(words.dropFirst(2))
        LockChoice.follow(workspace.path)
    }
}
