import HTTPTypes
import Inventory
import Model
import Store
import System
import Text
import Watching

/// What the page shows: an answer for each route.
struct Site: Sendable {
    let workspace: Workspace
    let hub: WatchHub
    let commands: WorkspaceCommand
    let isReadOnly: Bool
    /// What a form of the page brings along.
    let formToken: String

    private var frame: PageFrame { PageFrame(workspace: workspace, isReadOnly: isReadOnly) }

    /// - Parameter last: the id of the last event that a reader has seen.
    func answer(_ route: Route, since last: String?) async throws(Refusal) -> Answer {
        switch route {
        case .start: throw Refusal.unknown
        case .asset(let name): return try Assets.answer(name)
        case .runs(let isPart): return try await runs(isPart)
        case .events(let run): return EventStream(hub: hub, run: run, last: last.flatMap { Int($0) }).answer
        case .experiment(let name, let tab, let query): return try await experiment(name, tab, query)
        case .job(let job, let tab, let query): return try await answer(job, tab, query)
        case .find(let identifier):
            guard let job = try await Patience.wait(for: { await hub.job(identifier) }) else {
                throw Refusal(.notFound, "The workspace has no job \(identifier).")
            }
            return .redirect(.job(job, .overview))
        case .action(let query):
            let action = try changing(query)
            var answer = page("Are you sure?", ActionPage(action, query, formToken: formToken, commands).html)
            // With `no-referrer` a browser would not say either from which origin a form comes.
            answer.headers[.referrerPolicy] = "same-origin"
            return answer
        }
    }

    private func page(_ title: String, _ body: HTML) -> Answer { .html(frame.html(title, body)) }

    /// A page that says why there is none.
    ///
    /// - Parameter isKnown: who is not learns nothing of the workspace.
    func refusal(_ refusal: Refusal, isKnown: Bool) -> Answer {
        let body: HTML = "<h1>\(refusal.status.reasonPhrase)</h1><p>\(refusal.text)</p>"
        return .html(frame.html(refusal.status.reasonPhrase, body, isKnown: isKnown), refusal.status)
    }

    private func runs(_ isPart: Bool) async throws(Refusal) -> Answer {
        let (entries, _) = try await Patience.wait { await hub.experiments() }
        let view = RunsPage(entries: entries)
        return isPart ? .html(view.table) : page("Runs", view.html)
    }

    // MARK: An experiment

    private func experiment(
        _ name: Route.RunName, _ tab: Route.Tab, _ query: Query
    ) async throws(Refusal) -> Answer {
        switch tab {
        case .jobs: return try await jobs(name, query)
        case .rows:
            let picture = try await picture(name, query)
            // Of a run that is not the newest, links lead to it too.
            let shown = Route.RunName(experiment: name.experiment, run: query["old"] == nil ? nil : name.run)
            return .html("<table>\(JobTable(picture: picture, name: shown).part)</table>")
        case .runs, .graph, .timeline: break
        default:
            // What commands tell is of the newest run.
            if name.run != nil { return .redirect(.experiment(name, .jobs)) }
            if tab == .picture { return try await picture(of: name, query) }
        }
        let picture = try await picture(name, Query([("count", "1")]))
        let head = try await head(name, picture, tab)
        let body: HTML
        switch tab {
        case .failures:
            body =
                FailuresPage(
                    try await report(["failures", "--json", "--experiment=\(name.experiment)"])
                ).html
        case .results:
            let words = ["results", "--json"] + ResultsPage.words(query) + ["--", name.experiment]
            body = ResultsPage(try await report(words), name, query).html
        case .graph:
            let graph = try await Patience.wait { await hub.graph(of: name) }
            body = graph.map { GraphPage(graph: $0, name: name).html } ?? .none
        case .timeline:
            let timeline = try await Patience.wait { await hub.timeline(of: name) }
            body = timeline.map { TimelinePage(timeline: $0).html } ?? .none
        case .plot: body = PlotPage(name: name, query: query).html
        case .services:
            let words = ["services", "list", "--json", "--", name.experiment]
            body = ServicesPage(try await report(words), isReadOnly).html
        default:
            let words = ["experiments", "runs", "--json", "--", name.experiment]
            body = HistoryPage(try await report(words), name).html
        }
        return page("\(name.experiment) \(tab.title)", head + body)
    }

    private func jobs(_ name: Route.RunName, _ query: Query) async throws(Refusal) -> Answer {
        let picture: RunPicture
        var problem: String?
        do { picture = try await self.picture(name, query) } catch {
            guard error.status == .badRequest else { throw error }
            // The filter is shown as it was typed, with what is wrong.
            problem = error.text
            picture = try await self.picture(name, query.with("filter", nil))
        }
        let view = JobsPage(
            picture: picture, name: name, query: query, isReadOnly: isReadOnly, problem: problem)
        return page(name.experiment, try await head(name, picture, .jobs) + view.html)
    }

    private func head(
        _ name: Route.RunName, _ picture: RunPicture, _ tab: Route.Tab
    ) async throws(Refusal) -> HTML {
        let record = try await Patience.wait { await hub.record(of: picture.run, of: picture.experiment) }
        return RunHead(picture: picture, record: record, tab: tab, name: name, isReadOnly: isReadOnly).html
    }

    private func picture(_ name: Route.RunName, _ query: Query) async throws(Refusal) -> RunPicture {
        let rows = RowQuery(query)
        let result = try await Patience.wait { () async -> Result<RunPicture?, JobFilterError> in
            do throws(JobFilterError) { return .success(try await hub.picture(of: name, rows)) } catch {
                return .failure(error)
            }
        }
        switch result {
        case .failure(let error): throw Refusal(.badRequest, error.text)
        case .success(let picture?): return picture
        case .success(nil):
            throw Refusal(
                .notFound, "There is no run \(name.experiment)\(name.run.map { "/\($0)" } ?? "").")
        }
    }

    /// The SVG of a plot.
    private func picture(of name: Route.RunName, _ query: Query) async throws(Refusal) -> Answer {
        let svg = try await Patience.command(60) { () throws(SystemError) -> [UInt8] in
            try Files.withTemporaryFolder("xpm-page") { (folder) throws(SystemError) in
                let file = "\(folder)/plot.svg"
                let words = PlotPage.words(query) + ["--output", file, "--", name.experiment]
                let said = try commands.run(words, patience: 60)
                if said.code != 0 { return Array(PlotPage.problem(said.error).utf8) }
                return try Files.read(file)
            }
        }
        return .file("plot.svg", svg)
    }

    // MARK: Commands

    private func run(_ words: [String]) async throws(Refusal) -> Command.Answer {
        try await Patience.command(60) { () throws(SystemError) in try commands.run(words, patience: 60) }
    }

    /// The JSON that a command says: an array, or an object a line.
    private func report(_ words: [String]) async throws(Refusal) -> CommandReport {
        let said = try await run(words)
        let whole = try? JSON.parse(Array(said.output.utf8))
        let values =
            whole.map { $0.array ?? [$0] } ?? said.output.lines.compactMap { try? JSON.parse(Array($0.utf8)) }
        return CommandReport(
            values: values,
            problem: said.isLate ? "It took longer than 60 seconds." : said.code == 0 ? nil : said.error,
            command: commands.text(words.filter { $0 != "--" && $0 != "--json" }))
    }

    // MARK: A job

    private func answer(
        _ job: Route.JobName, _ tab: Route.JobTab, _ query: Query
    ) async throws(Refusal) -> Answer {
        let files = try await files(of: job)
        switch tab {
        case .overview:
            let said = try await run(["jobs", "show", "--every-run", "--json", "--", job.text])
            guard let json = try? JSON.parse(Array(said.output.utf8)) else {
                throw Refusal(.notFound, said.error.isEmpty ? "The job cannot be read." : said.error)
            }
            let relatives = try await relatives(of: job, json)
            let view = JobPage(
                job, json, relatives, isReadOnly: isReadOnly,
                logged: Files.size(of: files.folder.programEvents))
            return page("\(job.task) \(job.short)", view.html)
        case .log: return try await log(job, files, query)
        case .text: return try await text(files, query)
        case .difference:
            let said = try await difference(job, query)
            let nearest = said == nil ? await nearest(to: job, files) : .noOther
            return page("\(job.task) \(job.short)", DifferencePage(job, query, said, nearest).html)
        case .curves:
            let svg = try await Patience.command(30) { () throws(SystemError) in JobCurves(files.folder).svg }
            return .file("curves.svg", Array(svg.utf8))
        case .files: return try await list(job, files, [])
        case .file(let way): return try await file(job, files, way)
        }
    }

    /// Those of the run that `xpm jobs show` names.
    private func relatives(of job: Route.JobName, _ json: JSON) async throws(Refusal) -> JobRelatives? {
        guard let experiment = json["experiment"]?.string, let run = json["run"]?.string,
            let identifier = Identifier(hex: job.identifier)
        else { return nil }
        let name = Route.RunName(experiment: experiment, run: run)
        return try await Patience.wait { await hub.relatives(of: identifier, in: name) }
    }

    private func files(of job: Route.JobName) async throws(Refusal) -> JobFiles {
        guard
            let files = try await Patience.read(body: { () throws(SystemError) -> JobFiles? in
                JobFiles(job, in: workspace)
            })
        else {
            throw Refusal(.notFound, "The workspace has no job \(job.text).")
        }
        return files
    }

    private func difference(_ job: Route.JobName, _ query: Query) async throws(Refusal) -> Command.Answer? {
        guard let other = query["with"] else { return nil }
        // A folder anywhere else would be a job for the command too.
        let (type, digits) = other.cut(atLast: "/") ?? ("", other[...])
        let isName =
            !other.hasPrefix("/") && (type.isEmpty || JobRecord.isSafe(String(type))) && !digits.isEmpty
            && digits.utf8.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
            }
        guard isName else {
            throw Refusal(
                .badRequest, "A job is named by the beginning of its identifier, or by type/identifier.")
        }
        return try await run(["diff", "--", job.text, other])
    }

    /// The finished job of the type that has the fewest differences, as `xpm why` finds it.
    private func nearest(to job: Route.JobName, _ files: JobFiles) async -> NearestJob.Answer {
        do throws(Refusal) {
            return try await Patience.command(15) { () throws(SystemError) in
                guard let task = try? RecordedTask.read(files.folder.path) else { return .noOther }
                let history = JobHistory(of: job.task, name: files.folder.name, in: workspace) {
                    $0 != job.identifier
                }
                guard let found = history.nearest(to: task),
                    let other = Route.JobName(job.task, found.folder.identifier)
                else { return .noOther }
                return .found(NearestJob(job: other, differences: found.differences.map(\.text)))
            }
        } catch { return .late }
    }

    private func piece(_ files: JobFiles, _ query: Query, _ count: Int) async throws(Refusal) -> JobFiles
        .Piece?
    {
        let (isErrors, start) = (query["stream"] == "err", query.number("from").map { max(0, $0) })
        return try await Patience.read { () throws(SystemError) in
            try files.piece(ofErrors: isErrors, from: start, count: count)
        }
    }

    private func log(_ job: Route.JobName, _ files: JobFiles, _ query: Query) async throws(Refusal) -> Answer
    {
        let piece = try await piece(files, query, LogPage.piece)
        return page("\(job.task) \(job.short)", LogPage(job, piece, query).html)
    }

    /// A piece of a log as it is.
    private func text(_ files: JobFiles, _ query: Query) async throws(Refusal) -> Answer {
        let piece = try await piece(files, query, LogPage.piece)
        var answer = Answer(type: "text/plain; charset=utf-8", bytes: piece?.bytes ?? [])
        answer.headers[.of("X-Size")] = String(piece?.size ?? 0)
        answer.headers[.of("X-File")] = piece?.file
        return answer
    }

    private func list(
        _ job: Route.JobName, _ files: JobFiles, _ way: [String]
    ) async throws(Refusal) -> Answer {
        let entries = try await Patience.read { () throws(SystemError) in try files.entries(way) }
        return page("\(job.task) \(job.short)", FilesPage(job, way, entries).html)
    }

    private func file(
        _ job: Route.JobName, _ files: JobFiles, _ way: [String]
    ) async throws(Refusal) -> Answer {
        let name = way.joined(separator: "/")
        let found = try await Patience.read { () throws(SystemError) -> Found in
            do throws(SystemError) { return .file(try OpenFile(files.open(name), name)) } catch {
                guard error.isFolder else { throw error }
                return .folder
            }
        }
        switch found {
        case .file(let file): return file.answer(way.last ?? "")
        case .folder: return try await list(job, files, way)
        }
    }

    private enum Found: Sendable {
        case file(OpenFile)
        case folder
    }

    // MARK: Changes

    private func changing(_ query: Query) throws(Refusal) -> PageAction {
        if isReadOnly {
            throw Refusal(.forbidden, "This page changes nothing: it was started with --read-only.")
        }
        guard let action = PageAction(query) else {
            throw Refusal(.badRequest, "Nothing is to be done by that name.")
        }
        return action
    }

    /// Does what a form asks for.
    func perform(_ form: Query) async throws(Refusal) -> Answer {
        let action = try changing(form)
        let answer = try await action.perform(commands)
        return page(answer == nil ? "It goes on" : "Done", ActionPage.result(action, answer, commands))
    }
}

/// What a command has said, with the command as somebody would type it.
struct CommandReport: Sendable {
    let values: [JSON]
    /// Why there is none.
    let problem: String?
    let command: String

    /// For the page.
    var alert: HTML? { problem.map(Part.alert) }
}
