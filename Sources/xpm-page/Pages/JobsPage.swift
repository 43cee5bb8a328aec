import Inventory
import Store
import System
import Text
import Watching

/// The jobs of a run: a window of a table that the server filters and sorts.
struct JobsPage {
    let picture: RunPicture
    let name: Route.RunName
    let query: Query
    let isReadOnly: Bool
    /// What is wrong with the filter.
    var problem: String?

    var html: HTML {
        let rows = RowQuery(query)
        let table = JobTable(picture: picture, name: name)
        let alert: HTML = problem.map(Part.alert) ?? .none
        // With a filter that is none, all of them are shown.
        let lines = (problem == nil ? query : query.with("filter", nil)).with("from", nil).with(
            "old", name.run == nil ? nil : "1")
        return """
            <form class="filter" role="search" method="get" action="\(Route.experiment(name, .jobs))">\(kept)
            <label>Filter <input name="filter" type="search" value="\(query["filter"] ?? "")" placeholder='lr = 0.1 and @state = "failed"' spellcheck="false"></label>
            <label>Order <select name="order">\(RunWatch.Order.allCases.map { Part.option($0.text, isChosen: $0 == rows.order) })</select></label>
            <button>Show</button> <span id="fitting" role="status">\(fitting)</span>\(actions)</form>\(alert)
            <div class="window" tabindex="0" role="region" aria-label="Jobs" data-run="\(picture.run)" data-running="\(picture.isLive ? 1 : 0)" data-live="\(Route.events(name))" \
            data-rows="\(Route.experiment(.init(experiment: picture.experiment, run: picture.run), .rows, lines))">
            \(table.html)</div>
            <noscript>\(pages)</noscript>
            """
    }

    /// What the form has to bring along besides.
    private var kept: HTML? { name.run.map { "<input type=\"hidden\" name=\"run\" value=\"\($0)\">" } }

    private var fitting: String {
        picture.fitting == picture.counts.total
            ? "\(picture.fitting) jobs" : "\(picture.fitting) of \(picture.counts.total) jobs"
    }

    /// What can be done with all that are shown.
    private var actions: HTML? {
        guard !isReadOnly, problem == nil, name.run == nil, let filter = query["filter"] else { return nil }
        let open = picture.counts[.waiting] + picture.counts[.ready] + picture.counts[.held]
        var parts: [HTML] = []
        func add(_ title: String, _ what: String) {
            parts.append(
                Part.action(
                    title, [("what", what), ("experiment", name.experiment), ("filter", filter)]))
        }
        if picture.counts[.failed] + picture.counts[.cancelled] > 0 { add("Retry these", "retry") }
        if picture.counts[.running] > 0 { add("Kill these", "kill") }
        if picture.isLive, open > 0 {
            add("Hold these", "hold")
            add("Release these", "release")
        }
        return "<span class=\"actions\">\(parts)</span>"
    }

    /// For browsers without scripts.
    private var pages: HTML {
        let count = RowQuery(query).count
        var links: [HTML] = []
        func add(_ title: String, _ start: Int) {
            links.append(
                "<a href=\"\(Route.experiment(name, .jobs, query.with("from", String(start))))\">\(title)</a> "
            )
        }
        if picture.start > 0 { add("Former", max(0, picture.start - count)) }
        if picture.start + picture.rows.count < picture.fitting { add("Next", picture.start + count) }
        return "<p>Jobs \(picture.start + 1) to \(picture.start + picture.rows.count). \(links)</p>"
    }
}

/// A window of the table.
struct JobTable {
    let picture: RunPicture
    /// Where links lead.
    let name: Route.RunName

    var html: HTML {
        """
        <table class="jobs" aria-rowcount="\(picture.fitting + 1)"><thead><tr aria-rowindex="1"><th scope="col">State</th>\
        <th scope="col">Job</th><th scope="col" class="right">Time</th><th scope="col" class="middle">Task</th>\
        <th scope="col">Tags</th><th scope="col" class="wide">Remarks</th></tr></thead>
        \(part)</table>
        """
    }

    /// What the script asks for.
    var part: HTML {
        """
        <tbody data-fitting="\(picture.fitting)" data-start="\(picture.start)" data-total="\(picture.counts.total)">\(picture.rows.enumerated().map { row($0.element, picture.start + $0.offset) })</tbody>
        """
    }

    private func row(_ row: JobRow, _ place: Int) -> HTML {
        let word = row.state == .done && row.isCached ? "cached" : row.state.rawValue
        let time = row.seconds.map(NumberText.duration) ?? ""
        let percent = row.progress.map { " \(Int(($0 * 100).rounded())) %" } ?? ""
        let link =
            Route.JobName(row.task, row.identifier).map {
                "<a href=\"\(Route.job($0, .overview))\">\($0.short)</a>" as HTML
            } ?? "\(row.identifier.prefix(8))"
        return """
            <tr data-row="\(row.number)" aria-rowindex="\(place + 2)"><td>\(Part.state(word))</td><td>\(link)</td>\
            <td class="right">\(time)\(percent)</td><td class="middle">\(row.task)</td><td>\(row.tags.map(tag))</td>\
            <td class="wide remark">\(row.told ?? "")</td></tr>

            """
    }

    /// A value; a click on it filters by it.
    private func tag(_ tag: (name: String, value: JSON)) -> HTML {
        let value = tag.value.string ?? tag.value.text
        let term = FilterTerm(tag.name, tag.value).text
        return
            "<a class=\"tag\" href=\"\(Route.experiment(name, .jobs, Query([("filter", term)])))\"><span>\(tag.name)</span>=\(value)</a> "
    }
}
