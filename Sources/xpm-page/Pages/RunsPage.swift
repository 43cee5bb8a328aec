import Inventory
import Store
import System
import Text
import Watching

/// The experiments of the workspace with their newest runs.
struct RunsPage {
    let entries: [WorkspaceWatch.Entry]

    var html: HTML {
        "<h1>Runs</h1><div data-live=\"\(Route.events(nil))\" data-part=\"\(Route.runs(isPart: true))\">\(table)</div>"
    }

    var table: HTML {
        if entries.isEmpty { return "<p>No experiment has run here yet.</p>" }
        return """
            <table class="list"><thead><tr><th scope="col">Experiment</th><th scope="col">State</th>\
            <th scope="col" class="wide">Progress</th><th scope="col" class="right">Done</th>\
            <th scope="col" class="right">Failed</th><th scope="col">Began</th><th scope="col">Remarks</th></tr></thead>
            <tbody>\(entries.map(row))</tbody></table>
            """
    }

    private func row(_ entry: WorkspaceWatch.Entry) -> HTML {
        let run = entry.run
        func count(_ state: String) -> Int {
            run.counts.first { $0.state == state }.flatMap { Int(exactly: $0.count) } ?? 0
        }
        let failed = count("failed") + count("cancelled")
        let total = Int(exactly: run.jobCount) ?? 0
        let remarks = [run.reason ?? ""] + run.tags.map { "#\($0)" }
        return """
            <tr data-row="\(entry.name)"><th scope="row"><a href="\(Route.experiment(.init(experiment: entry.name, run: nil), .jobs))">\(entry.name)</a></th>\
            <td>\(Part.state(run.state))</td>\
            <td class="wide">\(Part.bar(RunShares(done: count("done"), failed: failed, running: count("running"), total: total)))</td>\
            <td class="right">\(count("done"))/\(total)</td><td class="right">\(failed)</td>\
            <td>\(Part.time(run.started))</td><td>\(remarks.filter { !$0.isEmpty }.joined(separator: " "))</td></tr>

            """
    }
}

/// What stands above every page of a run: its name, how it stands, and the ways to the other pages.
struct RunHead {
    let picture: RunPicture
    let record: RunRecord?
    let tab: Route.Tab
    let name: Route.RunName
    let isReadOnly: Bool

    var html: HTML {
        // What other commands tell is of the newest run.
        let tabs: [Route.Tab] =
            name.run == nil
            ? [.jobs, .failures, .results, .plot, .graph, .timeline, .services, .runs]
            : [.jobs, .graph, .timeline, .runs]
        let links = tabs.map { ($0.title, Route.experiment(name, $0), $0 == tab) }
        let state = record?.state ?? (picture.isLive ? "running" : "unknown")
        let stop: HTML =
            picture.isLive && !isReadOnly
            ? Part.action("Stop the run", [("what", "stop"), ("experiment", name.experiment)]) : .none
        return """
            \(Part.tabs("Experiment", links))
            <div class="head"><h1>\(picture.experiment) <small>\(picture.run)</small></h1>
            <span id="run-state">\(Part.state(state))</span> <span id="left" class="left">\(picture.left?.text ?? "")</span>\(stop)</div>
            \(reason)
            <div id="bar">\(Part.bar(RunShares(picture.counts)))</div>
            \(Part.counts(picture.counts))

            """
    }

    private var reason: HTML? {
        record?.reason.map { "<p class=\"problem\">\($0)</p>" }
    }
}

extension Route.Tab {
    var title: String {
        switch self {
        case .jobs, .rows: "Jobs"
        case .failures: "Failures"
        case .results: "Results"
        case .plot, .picture: "Plot"
        case .graph: "Graph"
        case .timeline: "Timeline"
        case .services: "Services"
        case .runs: "Runs"
        }
    }
}

/// All runs of an experiment.
struct HistoryPage {
    private let report: CommandReport
    private let name: Route.RunName

    init(_ report: CommandReport, _ name: Route.RunName) {
        self.report = report
        self.name = name
    }

    var html: HTML {
        let rows = report.values.reversed().map { run -> HTML in
            let word = run["run"]?.string ?? "?"
            var counts = ""
            if case .object(let members)? = run["counts"] {
                counts = members.map { "\($0.value.text) \($0.name)" }.joined(separator: ", ")
            }
            let tags = (run["tags"]?.array ?? []).compactMap(\.string).map { "#\($0)" }
            let route = Route.experiment(.init(experiment: name.experiment, run: word), .jobs)
            return """
                <tr><th scope="row"><a href="\(route)">\(word)</a></th><td>\(Part.state(run["state"]?.string ?? "unknown"))</td>\
                <td>\(Part.time(run["started_at"]?.string))</td><td>\(counts)</td><td>\(run["user"]?.string ?? "")</td>\
                <td>\(tags.joined(separator: " "))</td></tr>
                """
        }
        return """
            \(report.alert)<table class="list"><caption>All runs of \(name.experiment), the newest first</caption>\
            <thead><tr><th scope="col">Run</th><th scope="col">State</th><th scope="col">Began</th>\
            <th scope="col">Jobs</th><th scope="col">User</th><th scope="col">Tags</th></tr></thead><tbody>\(rows)</tbody></table>
            """
    }
}
