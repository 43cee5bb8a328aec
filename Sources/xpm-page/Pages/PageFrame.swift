import Inventory
import Store
import System
import Text
import Watching

/// What stands around every page.
struct PageFrame: Sendable {
    let workspace: Workspace
    let isReadOnly: Bool

    /// - Parameter isKnown: false for who may not learn anything of the workspace.
    func html(_ title: String, _ body: HTML, isKnown: Bool = true) -> HTML {
        let readOnly: HTML = "<span class=\"note\">read only</span>"
        let links: HTML = """
            <link rel="icon" href="\(Route.asset("icon.svg"))"><link rel="stylesheet" href="\(Route.asset("page.css"))"><script type="module" src="\(Route.asset("page.js"))"></script>
            """
        let top: HTML = """
            <a class="skip" href="#main">Skip to the content</a>
            <header><a class="home" href="\(Route.runs())">xpm</a> <span class="place">\(workspace.path)</span> \(isReadOnly ? readOnly : nil)
            <span class="age"><span id="age" role="status"></span> <span id="age-seconds"></span></span></header>
            """
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) · xpm</title>\(isKnown ? links : nil)</head>
            <body>\(isKnown ? top : nil)
            <main id="main">\(body)</main></body></html>

            """
    }
}

/// Small things that stand on several pages.
enum Part {
    /// A state, by its shape too: colours may not be seen.
    static func state(_ word: String) -> HTML {
        "<span class=\"state \(kindOf(word))\">\(word)</span>"
    }

    /// The class that a state is drawn by.
    static func kindOf(_ word: String) -> String {
        switch word {
        case "done", "generated", "RUNNING", "cached": "good"
        case "failed", "unreadable", "ERROR": "bad"
        case "running", "STARTING", "STOPPING": "live"
        case "cancelled", "blocked", "held", "interrupted", "not run": "warn"
        default: "idle"
        }
    }

    /// What is wrong.
    static func alert(_ text: String) -> HTML { "<p class=\"problem\" role=\"alert\">\(text)</p>" }

    /// The ways to other pages of one thing.
    static func tabs(_ label: String, _ tabs: [(title: String, route: Route, isCurrent: Bool)]) -> HTML {
        let links = tabs.map { tab -> HTML in
            let current: HTML = tab.isCurrent ? " aria-current=\"page\"" : ""
            return "<li><a href=\"\(tab.route)\"\(current)>\(tab.title)</a></li>"
        }
        return "<nav class=\"tabs\" aria-label=\"\(label)\"><ul>\(links)</ul></nav>"
    }

    static func option(_ word: String, isChosen: Bool) -> HTML {
        let selected: HTML = isChosen ? " selected" : ""
        return "<option\(selected)>\(word)</option>"
    }

    /// A field of a form, with what was typed.
    static func field(_ name: String, _ query: Query) -> HTML {
        "<label>\(name) <input name=\"\(name)\" value=\"\(query[name] ?? "")\" spellcheck=\"false\"></label> "
    }

    /// How much of a run is done: a picture, whose words stand beside it.
    static func bar(_ shares: RunShares) -> HTML {
        func width(_ value: Double) -> String { NumberText.fixed(value, decimals: 2) }
        let (good, bad, live) = (shares.good, shares.bad, shares.live)
        return """
            <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="good" width="\(width(good))" height="4"/><rect class="bad" x="\(width(good))" width="\(width(bad))" height="4"/><rect class="live" x="\(width(good + bad))" width="\(width(live))" height="4"/></svg>
            """
    }

    /// A button that leads to the question whether something is to be done.
    static func action(_ title: String, _ fields: [(name: String, value: String)]) -> HTML {
        "<a class=\"button\" href=\"\(Route.action(Query(fields)))\">\(title)</a>"
    }

    /// A table of names and what belongs to them.
    static func facts(_ facts: [(name: String, value: HTML)]) -> HTML {
        "<dl class=\"facts\">\(facts.map { "<div><dt>\($0.name)</dt><dd>\($0.value)</dd></div>" as HTML })</dl>"
    }

    /// A value as a tree that can be folded.
    static func tree(_ json: JSON, _ depth: Int = 0) -> HTML {
        switch json {
        case .object(let members) where members.isEmpty: return "{}"
        case .array(let values) where values.isEmpty: return "[]"
        case .object(let members):
            let rows = members.map { member -> HTML in
                "<li><span class=\"key\">\(member.name)</span> \(tree(member.value, depth + 1))</li>"
            }
            return folded("\(members.count) member\(members.count == 1 ? "" : "s")", rows, depth)
        case .array(let values):
            let shown = values.prefix(mostShown).map { "<li>\(tree($0, depth + 1))</li>" as HTML }
            let more: [HTML] =
                values.count > mostShown ? ["<li>… \(values.count - mostShown) more</li>"] : []
            return folded("\(values.count) value\(values.count == 1 ? "" : "s")", shown + more, depth)
        case .string(let text):
            return "<span class=\"text\">\(TerminalText.shortened(text, to: longestText))</span>"
        default: return "<span class=\"number\">\(json.text)</span>"
        }
    }

    private static let (mostShown, longestText) = (200, 4000)

    private static func folded(_ title: String, _ rows: [HTML], _ depth: Int) -> HTML {
        // All of it can be unfolded; deep texts begin folded.
        let list: HTML = "<ul>\(rows)</ul>"
        if depth == 0 { return "<div class=\"tree\">\(list)</div>" }
        return depth < 3
            ? "<details open><summary>\(title)</summary>\(list)</details>"
            : "<details><summary>\(title)</summary>\(list)</details>"
    }

    static func time(_ text: String?) -> HTML {
        guard let text else { return "–" }
        return "<time datetime=\"\(text)\">\(text.prefix(19).replacing("T", with: " "))</time>"
    }

    /// How many jobs are in each state; the script keeps it up to date.
    static func counts(_ counts: JobTally) -> HTML {
        let shown = JobRecord.State.allCases.map { state -> HTML in
            let count = counts[state]
            let hidden: HTML = count == 0 ? " hidden" : ""
            return
                "<span class=\"state \(kindOf(state.rawValue))\" data-count=\"\(state.rawValue)\"\(hidden)><b>\(count)</b> \(state.rawValue)</span>"
        }
        return "<p class=\"counts\" id=\"counts\">\(shown)</p>"
    }
}
