import Glibc
import Store
import System
import Terminal
import Text
import Watching

/// The program `xpm-monitor`, which `xpm monitor` starts.
///
///     xpm-monitor WORKSPACE PLACE OPTION…
///
/// `PLACE` is how other commands name the workspace (` --workdir w`, or nothing); options are `--experiment NAME`,
/// `--ascii`, `--read-only` and `--json`.
@main
struct XPMMonitor {
    static func main() {
        let arguments = ViewerArguments()
        var options = MonitorOptions(workspace: arguments.workspace, place: arguments.place)
        var isJSON = false
        var rest = arguments.options[...]
        while let word = rest.popFirst() {
            switch word {
            case "--ascii": options.isASCII = true
            case "--read-only": options.isReadOnly = true
            case "--json": isJSON = true
            case "--experiment": options.experiment = rest.popFirst()
            default: break
            }
        }
        do throws(SystemError) {
            let signals = try Signals()
            if isJSON { return JSONMonitor(options, signals).run() }
            let app = MonitorApp(
                options, try TerminalSession(isColoured: !StandardStream.refusesColours), signals)
            let summary = app.run()
            StandardStream.output.write(summary)
        } catch {
            StandardStream.error.write("error: \(error.text)\n")
            exit(2)
        }
    }
}

/// What the monitor was started with.
struct MonitorOptions {
    let workspace: Workspace
    /// How other commands name the workspace, ` --workdir w`.
    let place: String
    /// The one whose jobs are shown first.
    var experiment: String?
    /// Whether only ASCII is drawn.
    var isASCII = false
    /// Whether nothing can be changed.
    var isReadOnly = false

    init(workspace: Workspace, place: String) {
        self.workspace = workspace
        self.place = place
    }
}
