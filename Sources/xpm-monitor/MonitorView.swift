import System
import Terminal
import Text

/// A view of the monitor: what fills the screen between the title and the last line.
protocol MonitorView: AnyObject {
    /// Where it is, for the title.
    var title: String { get }
    /// Its keys, the most useful first.
    var keys: [KeyHint] { get }
    /// What is typed after '/'; nil for a view that has nothing to search.
    var query: String? { get }

    /// - Parameter area: the rows that it may use.
    func draw(_ screen: inout Screen, _ area: Range<Int>, _ context: DrawContext)
    /// Looks at what has changed.
    ///
    /// - Returns: whether it is to be drawn again.
    func refresh(_ context: DrawContext) -> Bool
    func handle(_ key: Key) -> MonitorAction?
    /// Somebody has typed a query.
    ///
    /// - Returns: what is wrong with it.
    func search(_ text: String) -> String?
}

struct KeyHint {
    let key: String
    let text: String
    /// Whether it changes something.
    var changes = false

    init(_ key: String, _ text: String, changes: Bool = false) {
        (self.key, self.text, self.changes) = (key, text, changes)
    }
}

/// What views draw by.
struct DrawContext {
    /// Seconds since 1970.
    let now: Double
    let isASCII: Bool

    func glyph(_ usual: String, _ ascii: String) -> String { isASCII ? ascii : usual }
}

/// What a view wants done.
enum MonitorAction {
    case open(any MonitorView)
    case back
    /// A command of xpm that changes something: shown, and run after a yes.
    case confirm([String])
    /// A command whose output is shown.
    case show([String], title: String)
    case copy(String)
    case tell(String)
    case redraw

    /// What a key means wherever an experiment is shown.
    static func of(_ key: Key, experiment name: String, isLive: Bool) -> MonitorAction? {
        switch key {
        case .text("r"): .show(["results", name], title: "results")
        case .text("f"): .show(["failures", "-e", name], title: "failures")
        case .text("s"): isLive ? .confirm(["stop", name]) : .tell("\(name) is not running")
        default: nil
        }
    }
}

/// Where a list is scrolled to, and which of its rows is chosen.
struct ListCursor {
    private(set) var chosen = 0
    private(set) var top = 0

    /// - Returns: whether the key moves in lists.
    mutating func move(_ key: Key, count: Int, page: Int) -> Bool {
        switch key {
        case .up, .text("k"): chosen -= 1
        case .down, .text("j"): chosen += 1
        case .pageUp, .control("b"): chosen -= max(1, page - 1)
        case .pageDown, .control("f"), .text(" "): chosen += max(1, page - 1)
        case .home, .text("g"): chosen = 0
        case .end, .text("G"): chosen = count - 1
        default: return false
        }
        keep(count: count, page: page)
        return true
    }

    /// Keeps the chosen row on the screen.
    mutating func keep(count: Int, page: Int) {
        chosen = max(0, min(chosen, count - 1))
        top = max(0, min(top, count - page))
        if chosen < top { top = chosen }
        if chosen >= top + page { top = chosen - page + 1 }
        top = max(0, top)
    }

    mutating func choose(_ row: Int) { chosen = row }
}
