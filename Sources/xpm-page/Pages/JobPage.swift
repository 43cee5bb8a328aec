import Inventory
import Store
import System
import Text

/// What stands above every page of a job.
struct JobHead {
    let job: Route.JobName
    /// Where the page is.
    let tab: Tab

    enum Tab: CaseIterable {
        case overview, log, files, difference

        var title: String {
            switch self {
            case .overview: "Job"
            case .log: "Log"
            case .files: "Files"
            case .difference: "Difference"
            }
        }

        func route(_ job: Route.JobName) -> Route {
            switch self {
            case .overview: .job(job, .overview)
            case .log: .job(job, .log)
            case .files: .job(job, .files)
            case .difference: .job(job, .difference)
            }
        }
    }

    /// - Parameter more: what stands beside the name.
    func html(_ more: HTML = .none) -> HTML {
        let tabs = Tab.allCases.map { ($0.title, $0.route(job), $0 == tab) }
        return """
            \(Part.tabs("Job", tabs))
            <div class="head"><h1>\(job.task) <small>\(job.short)</small></h1>\(more)</div>

            """
    }
}

/// One job, as `xpm jobs show` tells.
struct JobPage {
    private let job: Route.JobName
    private let json: JSON
    private let relatives: JobRelatives?
    private let isReadOnly: Bool
    /// How much it has logged, in bytes.
    private let logged: Int64

    init(_ job: Route.JobName, _ json: JSON, _ relatives: JobRelatives?, isReadOnly: Bool, logged: Int64) {
        self.job = job
        self.json = json
        self.relatives = relatives
        self.isReadOnly = isReadOnly
        self.logged = logged
    }

    private var state: String { json["state"]?.string ?? "unknown" }

    var html: HTML {
        let live: HTML? = json["run"]?.string.flatMap { run in
            json["experiment"]?.string.map { name in
                " data-live=\"\(Route.events(.init(experiment: name, run: run)))\" data-part=\"\(Route.job(job, .overview))\"\(watched)"
            }
        }
        return """
            <div id="job"\(live)>\(JobHead(job: job, tab: .overview).html(Part.state(state) + actions))\
            <div class="columns"><section aria-labelledby="facts"><h2 id="facts">What it is</h2>\(facts)</section>\
            \(values("Parameters", "values"))\(values("Result", "result"))\(curves)\(output)</div></div>
            """
    }

    /// The rows of its run whose changes are seen here; where they are not known, all are.
    private var watched: HTML? {
        guard let relatives else { return nil }
        let rows = [relatives.row] + (relatives.needs + relatives.dependants).map(\.number)
        return " data-watched=\"\(rows.map(String.init).joined(separator: ","))\""
    }

    private var actions: HTML {
        if isReadOnly { return .none }
        let wanted: [(title: String, what: String)] =
            switch state {
            case "running": [("Kill", "kill")]
            case "waiting", "ready": [("Hold", "hold"), ("Sooner", "sooner"), ("Later", "later")]
            case "held": [("Release", "release")]
            case "failed", "cancelled", "done": [("Retry", "retry")]
            default: []
            }
        let buttons = wanted.map { Part.action($0.title, [("what", $0.what), ("job", job.text)]) }
        return "<span class=\"actions\">\(buttons)</span>"
    }

    private var facts: HTML {
        let outcome = json["outcome"]
        var facts: [(name: String, value: HTML)] = []
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { facts.append((name, "\(value)")) }
        }
        add("Identifier", json["id"]?.string)
        if let experiment = json["experiment"]?.string, let run = json["run"]?.string {
            let route = Route.experiment(.init(experiment: experiment, run: run), .jobs)
            facts.append(("Run", "<a href=\"\(route)\">\(experiment)/\(run)</a>"))
        }
        if case .object(let tags)? = json["tags"], !tags.isEmpty {
            let texts = tags.map { tag -> HTML in
                "<span class=\"tag\"><span>\(tag.name)</span>=\(tag.value.string ?? tag.value.text)</span> "
            }
            facts.append(("Tags", "\(texts)"))
        }
        add("Outcome", outcome?["text"]?.string)
        add("Reason", json["reason"]?.string)
        if let time = json["submitted"]?.string { facts.append(("Submitted", Part.time(time))) }
        if let time = outcome?["started_at"]?.string { facts.append(("Started", Part.time(time))) }
        if let time = outcome?["ended_at"]?.string { facts.append(("Ended", Part.time(time))) }
        add("Took", outcome?["seconds"]?.number.map(NumberText.duration))
        add("Attempt", outcome?["attempt"]?.int.flatMap { $0 > 1 ? String($0) : nil })
        add("Memory", outcome?["peak_memory"]?.int.map { NumberText.bytes($0) })
        add("Processors", outcome?["cpu_seconds"]?.number.map(NumberText.duration))
        add(
            "Progress",
            json["progress"]?.number.map {
                "\(Int(($0 * 100).rounded())) % \(json["progress_text"]?.string ?? "")"
            })
        if let words = json["command"]?.array?.compactMap(\.string), !words.isEmpty {
            facts.append(("Command", "<code>\(words.map(ShellWords.quote).joined(separator: " "))</code>"))
        }
        if let relatives {
            facts += list("Needs", relatives.needs, relatives.needCount)
            facts += list("Needed by", relatives.dependants, relatives.dependantCount)
        } else {
            let needs = (json["depends_on"]?.array ?? []).compactMap(\.string)
            let links = needs.prefix(JobRelatives.most).map { need -> HTML in
                "<a href=\"\(Route.find(need))\">\(need.prefix(8))</a> "
            }
            if !needs.isEmpty { facts.append(("Needs", "\(links)\(Self.more(needs.count))")) }
        }
        if let folder = json["folder"]?.string { facts.append(("Folder", "<code>\(folder)</code>")) }
        return Part.facts(facts)
    }

    private func list(_ title: String, _ rows: [JobRow], _ count: Int) -> [(name: String, value: HTML)] {
        if rows.isEmpty { return [] }
        let links = rows.compactMap { row -> HTML? in
            guard let job = Route.JobName(row.task, row.identifier) else { return nil }
            let tags = JobRecord.text(ofTags: row.tags)
            return """
                <li>\(Part.state(row.state.rawValue)) <a href="\(Route.job(job, .overview))">\(job.task) \(job.short)</a> \(tags)</li>
                """
        }
        return [(title, "<ul class=\"plain\">\(links)</ul>\(Self.more(count))")]
    }

    /// How many are not shown.
    private static func more(_ count: Int) -> String {
        count > JobRelatives.most ? "… \(count - JobRelatives.most) more" : ""
    }

    private func values(_ title: String, _ key: String) -> HTML {
        guard let value = json[key], value != .null else { return .none }
        return """
            <section aria-labelledby="\(key)"><h2 id="\(key)">\(title)</h2>\(Part.tree(value))</section>
            """
    }

    private var curves: HTML? {
        guard logged > 0 else { return nil }
        return """
            <section class="wide-section" aria-labelledby="curves"><h2 id="curves">Logged</h2>\
            <img class="plot" src="\(Route.job(job, .curves, Query([("at", String(logged))])))" alt="What the job has logged over its steps"></section>
            """
    }

    /// The last lines of its output.
    private var output: HTML {
        let parts = [("stderr", "Standard error", "err"), ("stdout", "Standard output", "out")].map {
            key, title, stream -> HTML in
            let lines = (json[key]?.array ?? []).compactMap(\.string)
            guard !lines.isEmpty else { return .none }
            let shown = lines.map { $0.replacing("\t", with: " ") }.joined(separator: "\n")
            return """
                <section class="wide-section" aria-labelledby="\(key)"><h2 id="\(key)">\(title)</h2><pre class="log" tabindex="0">\(shown)</pre>\
                <p><a href="\(Route.job(job, .log, Query([("stream", stream)])))">All of it</a></p></section>
                """
        }
        return "\(parts)"
    }
}

/// A log, its end first; the script follows it.
struct LogPage {
    private let job: Route.JobName
    private let shown: JobFiles.Piece?
    private let query: Query

    /// Bytes that are shown at once.
    static let piece = 128 << 10

    init(_ job: Route.JobName, _ piece: JobFiles.Piece?, _ query: Query) {
        self.job = job
        shown = piece
        self.query = query
    }

    var html: HTML {
        let isErrors = query["stream"] == "err"
        let stream = isErrors ? "err" : "out"
        func link(_ title: String, _ stream: String, _ isCurrent: Bool) -> HTML {
            let current: HTML = isCurrent ? " aria-current=\"true\"" : ""
            return
                "<a href=\"\(Route.job(job, .log, Query([("stream", stream)])))\"\(current)>\(title)</a> "
        }
        let start = shown?.start ?? 0
        let earlier: HTML =
            start > 0
            ? "<a id=\"earlier\" href=\"\(Route.job(job, .log, Query([("stream", stream), ("from", String(max(0, start - Self.piece)))])))\">Earlier: \(NumberText.bytes(Int64(start))) more</a>"
            : .none
        return """
            \(JobHead(job: job, tab: .log).html())
            <div class="bar-of-log"><span class="switch">\(link("Standard output", "out", !isErrors))\(link("Standard error", "err", isErrors))</span>
            <label class="scripted">Search <input id="search" type="search"></label> <span id="found" role="status"></span>
            <label class="scripted"><input id="follow" type="checkbox"\(query["from"] == nil ? " checked" as HTML : .none)> Follow</label>
            <a href="\(Route.job(job, .text, Query([("stream", stream), ("from", "0")])))">Plain</a></div>
            <p>\(earlier)</p>
            <pre class="log whole" id="log" tabindex="0" aria-label="Log" data-text="\(Route.job(job, .text, Query([("stream", stream)])))" data-start="\(start)">\(text)</pre>
            """
    }

    /// Without the sequences of terminals; of a line that was overwritten its last state.
    private var text: String {
        guard let shown else { return "It has printed nothing." }
        let plain = TerminalText.plain(shown.bytes[...])
        let lines = plain.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.map { String(decoding: TerminalText.overwritten($0), as: UTF8.self) }.joined(
            separator: "\n")
    }
}

/// The finished job that another one is most like.
struct NearestJob: Sendable {
    let job: Route.JobName
    /// `optimizer.lr: 0.1 → 0.01`
    let differences: [String]

    enum Answer: Sendable {
        case found(NearestJob)
        case noOther
        /// There are too many to look at all.
        case late
    }
}

/// What two jobs have different: of any that is named, else of the nearest.
struct DifferencePage {
    private let job: Route.JobName
    private let query: Query
    private let said: Command.Answer?
    private let nearest: NearestJob.Answer

    init(_ job: Route.JobName, _ query: Query, _ said: Command.Answer?, _ nearest: NearestJob.Answer) {
        self.job = job
        self.query = query
        self.said = said
        self.nearest = nearest
    }

    var html: HTML {
        let answer: HTML
        switch said?.code {
        case nil: answer = likest
        case 0: answer = "<p>They have no difference.</p>"
        case 1: answer = "<pre class=\"log\" tabindex=\"0\">\(said?.output ?? "")</pre>"
        default: answer = Part.alert(said?.error ?? "")
        }
        return """
            \(JobHead(job: job, tab: .difference).html())
            <form class="filter" method="get" action="\(Route.job(job, .difference))"><label>Another job \
            <input name="with" value="\(query["with"] ?? "")" placeholder="3f2a1b9c" spellcheck="false"></label> \
            <button>Compare</button></form>\(answer)
            """
    }

    private var likest: HTML {
        let nearest: NearestJob
        switch self.nearest {
        case .noOther: return "<p>No other job of this type is done.</p>"
        case .late: return "<p>There are too many jobs of this type to find the nearest one here.</p>"
        case .found(let one): nearest = one
        }
        let rows = nearest.differences.map { "<li>\($0)</li>" as HTML }
        return """
            <h2>The nearest job that is done: <a href="\(Route.job(nearest.job, .overview))">\(nearest.job.task) \(nearest.job.short)</a></h2>
            <ul class="tree">\(rows)</ul>
            """
    }
}

/// The files of a job.
struct FilesPage {
    private let job: Route.JobName
    private let way: [String]
    private let entries: [JobFiles.Entry]

    init(_ job: Route.JobName, _ way: [String], _ entries: [JobFiles.Entry]) {
        self.job = job
        self.way = way
        self.entries = entries
    }

    private static let most = 1000

    var html: HTML {
        let rows = entries.prefix(Self.most).map { entry -> HTML in
            let route = Route.job(job, .file(way + [entry.name]))
            let size = entry.isFolder ? "folder" : NumberText.bytes(entry.size)
            return """
                <tr><th scope="row"><a href="\(route)">\(entry.name)\(entry.isFolder ? "/" : "")</a></th><td class="right">\(size)</td>\
                <td>\(Part.time(entry.modified.isoWithZone))</td></tr>
                """
        }
        let more: HTML =
            entries.count > Self.most
            ? "<p>\(entries.count - Self.most) more are not shown.</p>" : .none
        let up: HTML =
            way.isEmpty
            ? .none
            : "<p><a href=\"\(Route.job(job, way.count == 1 ? .files : .file(way.dropLast())))\">Up</a></p>"
        return """
            \(JobHead(job: job, tab: .files).html())<p><code>\(way.joined(separator: "/"))</code></p>\(up)
            <table class="list"><thead><tr><th scope="col">Name</th><th scope="col" class="right">Size</th>\
            <th scope="col">Changed</th></tr></thead><tbody>\(rows)</tbody></table>\(more)
            """
    }
}
