import Inventory
import Store
import System
import Text

/// The failures of a run as groups, as `xpm failures` tells.
struct FailuresPage {
    private let report: CommandReport

    init(_ report: CommandReport) { self.report = report }

    private static let mostJobs = 50

    var html: HTML {
        if report.values.isEmpty { return report.alert ?? "<p>No job has failed.</p>" }
        return "\(report.alert)\(report.values.map(section))"
    }

    private func section(_ group: JSON) -> HTML {
        let jobs = group["jobs"]?.array ?? []
        let count = group["count"]?.int ?? 0
        let links = jobs.prefix(Self.mostJobs).map { job -> HTML in
            guard let task = job["task"]?.string, let id = job["id"]?.string,
                let named = Route.JobName(task, id)
            else { return .none }
            var tags = ""
            if case .object(let members)? = job["tags"] {
                tags = JobRecord.text(ofTags: members.map { ($0.name, $0.value) })
            }
            return "<li><a href=\"\(Route.job(named, .overview))\">\(task) \(named.short)</a> \(tags)</li>"
        }
        let more: HTML =
            jobs.count > Self.mostJobs ? "<li>… \(jobs.count - Self.mostJobs) more</li>" : .none
        let lines = (group["last_lines"]?.array ?? []).compactMap(\.string).joined(separator: "\n")
        let output: HTML =
            lines.isEmpty ? .none : "<pre class=\"log\" tabindex=\"0\">\(lines)</pre>"
        return """
            <section class="group"><h2>\(count) job\(count == 1 ? "" : "s"): \(group["reason"]?.string ?? "")</h2>
            <p class="problem">\(group["message"]?.string ?? "")</p>\(output)<ul>\(links)\(more)</ul></section>
            """
    }
}

/// The results of an experiment, as `xpm results` tells.
struct ResultsPage {
    private let report: CommandReport
    private let name: Route.RunName
    private let query: Query

    /// What of `xpm results` can be said here; several words are several values.
    private static let options = ["rows", "cols", "metric", "over", "sort", "best", "top", "filter"]
    private static let most = 500

    init(_ report: CommandReport, _ name: Route.RunName, _ query: Query) {
        self.report = report
        self.name = name
        self.query = query
    }

    private var table: [JSON] { report.values }

    /// The words of the command for what a form says.
    static func words(_ query: Query) -> [String] { query.words(of: options) }

    var html: HTML {
        let fields = Self.options.map { Part.field($0, query) }
        return """
            <form class="filter" method="get" action="\(Route.experiment(name, .results))">\(fields)<button>Show</button></form>
            <p><code>\(report.command)</code></p>\(report.alert)\(rows)
            """
    }

    private var rows: HTML {
        guard !table.isEmpty else {
            return report.problem == nil ? "<p>There are no results yet.</p>" : .none
        }
        let parameters = names(of: "parameters")
        let metrics = names(of: "metrics")
        let head =
            parameters.map { "<th scope=\"col\">\($0)</th>" as HTML }
            + metrics.map { "<th scope=\"col\" class=\"right\">\($0)</th>" as HTML }
        let body = table.prefix(Self.most).map { row -> HTML in
            let left = parameters.map { name -> HTML in
                "<td>\(row["parameters"]?[name].map { $0.string ?? $0.text } ?? "")</td>"
            }
            let right = metrics.map { name -> HTML in
                "<td class=\"right\">\(row["metrics"]?[name].map(Self.cell) ?? "")</td>"
            }
            return "<tr>\(left)\(right)</tr>"
        }
        let more: HTML =
            table.count > Self.most ? "<p>\(table.count - Self.most) more rows are not shown.</p>" : .none
        return
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Results\"><table class=\"list\"><thead><tr>\(head)</tr></thead><tbody>\(body)</tbody></table></div>\(more)"
    }

    private func names(of key: String) -> [String] {
        var (found, known): ([String], TextSet) = ([], [])
        for row in table {
            guard case .object(let members)? = row[key] else { continue }
            for member in members where known.insert(member.name).inserted { found.append(member.name) }
        }
        return found
    }

    /// `0.91 ± 0.02 (5)`
    private static func cell(_ value: JSON) -> String {
        let count = value["n"]?.int ?? 0
        if let mean = value["mean"]?.number {
            let text =
                value["std"]?.number.map { NumberText.uncertain(mean, $0) } ?? value["mean"]?.text ?? ""
            return count > 1 ? "\(text) (\(count))" : text
        }
        if case .object(let texts)? = value["texts"] {
            return texts.map { "\($0.name) (\($0.value.text))" }.joined(separator: ", ")
        }
        if case .object(let missing)? = value["missing"] {
            return missing.map { "\($0.value.text) \($0.name)" }.joined(separator: ", ")
        }
        return ""
    }
}

/// A picture of the results, as `xpm plot` draws it.
struct PlotPage {
    let name: Route.RunName
    let query: Query

    private static let kinds = ["line", "box", "curve", "scatter", "histogram", "heatmap", "parallel"]
    private static let options = ["metric", "x", "y", "series", "over", "filter"]

    /// The words of the command, without its output and the experiment.
    static func words(_ query: Query) -> [String] {
        var words = ["plot"]
        if let kind = query["kind"], kinds.contains(kind) { words.append("--kind=\(kind)") }
        return words + query.words(of: options)
    }

    var html: HTML {
        let kinds = Self.kinds.map { Part.option($0, isChosen: query["kind"] == $0) }
        let fields = Self.options.map { Part.field($0, query) }
        let shown = Query(query.fields.filter { !$0.value.isEmpty })
        let words = Self.words(query).joined(separator: " ")
        return """
            <form class="filter" method="get" action="\(Route.experiment(name, .plot))"><label>kind <select name="kind">\(kinds)</select></label> \
            \(fields)<button>Draw</button></form>
            <p><img class="plot" src="\(Route.experiment(name, .picture, shown))" alt="The results of \(name.experiment): \(words)"></p>
            """
    }

    /// A picture that says why there is none.
    static func problem(_ text: String) -> String {
        let lines = text.lines.prefix(6).enumerated().map { number, line -> HTML in
            "<text x=\"10\" y=\"\(30 + number * 20)\" font-family=\"sans-serif\" font-size=\"14\">\(line.prefix(bytes: 200))</text>"
        }
        let svg: HTML =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"160\"><rect width=\"720\" height=\"160\" fill=\"#fff\"/>\(lines)</svg>"
        return svg.text
    }
}

/// What lives beside the runs of an experiment.
struct ServicesPage {
    private let report: CommandReport
    private let isReadOnly: Bool

    init(_ report: CommandReport, _ isReadOnly: Bool) {
        self.report = report
        self.isReadOnly = isReadOnly
    }

    var html: HTML {
        if report.values.isEmpty { return report.alert ?? "<p>The newest run has no services.</p>" }
        return """
            <table class="list"><thead><tr><th scope="col">Service</th><th scope="col">State</th><th scope="col">Address</th>\
            <th scope="col">What it is</th><th scope="col"></th></tr></thead><tbody>\(report.values.map(row))</tbody></table>
            """
    }

    private func row(_ service: JSON) -> HTML {
        let (experiment, id) = (service["experiment"]?.string ?? "", service["id"]?.string ?? "")
        let state = service["state"]?.string ?? ""
        let isRunning = state == "RUNNING" || state == "STARTING"
        // What a service says of itself is no link of just any kind.
        let address: HTML? = service["url"]?.string.map { url in
            ["http://", "https://"].contains { url.hasPrefix($0) }
                ? "<a href=\"\(url)\" rel=\"noreferrer\">\(url)</a>" : "\(url)"
        }
        let what = isRunning ? "stop-service" : "start-service"
        let button: HTML =
            isReadOnly
            ? .none
            : Part.action(isRunning ? "Stop" : "Start", [("what", what), ("service", "\(experiment)/\(id)")])
        let error: HTML? = service["error"]?.string.map { "<br><span class=\"problem\">\($0)</span>" }
        return """
            <tr><th scope="row">\(id)</th><td>\(Part.state(state))</td><td>\(isRunning ? address : nil)</td>\
            <td>\(service["description"]?.string ?? "")\(error)</td><td>\(button)</td></tr>
            """
    }
}
