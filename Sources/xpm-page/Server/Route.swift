import Inventory
import Model
import System
import Text

/// What an address names, and the address of it: links are made by the type that reads them.
enum Route: Sendable {
    /// The experiments with their newest runs; `isPart` without the frame of the page.
    case runs(isPart: Bool = false)
    /// Where the address that was printed leads.
    case start(token: String, experiment: String?)
    case asset(String)
    /// Changes as they happen, of the workspace or of a run.
    case events(RunName?)
    case experiment(RunName, Tab, Query = Query())
    case job(JobName, JobTab, Query = Query())
    /// A job of which only the identifier is known.
    case find(String)
    /// A change: asked for, and done.
    case action(Query)

    /// A run of an experiment; the newest where it is nil.
    struct RunName: Sendable {
        let experiment: String
        let run: String?
    }

    /// A job: names that can be part of a path.
    struct JobName: Sendable {
        let task: String
        let identifier: String

        init?(_ task: String, _ identifier: String) {
            guard JobRecord.isSafe(task), Identifier(hex: identifier) != nil else { return nil }
            self.task = task
            self.identifier = identifier
        }

        /// As commands name it.
        var text: String { "\(task)/\(identifier)" }
        var short: String { String(identifier.prefix(8)) }
    }

    enum Tab: String, Sendable, CaseIterable {
        case jobs, rows, failures, results, plot, picture, graph, timeline, services, runs
    }

    enum JobTab: Sendable {
        case overview, log, text, difference, curves, files
        /// A file in the job's folder.
        case file([String])
    }

    /// What every address begins with, `/3f2a…`, and the cookie is for: other programs that listen at this machine are
    /// the same site, whatever their port, and would be sent it else.
    static var prefix: String { chosen.withLock { $0 } }
    private static let chosen = Monitor("")

    /// Chooses the prefix, before there is any address.
    ///
    /// - Parameter port: as a browser names it. Who takes the port over later learns the prefix of no other page.
    static func begin(port: Int) {
        let hash = Identifier(hashing: Array("\(PageRecord.secret) \(port)".utf8)).hex
        chosen.withLock { $0 = "/\(hash.prefix(24))" }
    }

    /// Whether an address is one of these at all.
    static func isOwn(_ target: String) -> Bool { target.hasPrefix("\(prefix)/") }

    /// - Returns: nil for what names nothing.
    init?(_ target: String) {
        guard let target = target.after(Self.prefix) else { return nil }
        let (way, rest) = target.cut(at: "?") ?? (target, "")
        guard way.utf8.first == UInt8(ascii: "/"), let query = Query(encoded: rest) else { return nil }
        var words: [String] = []
        for part in way.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let word = Query.decoded(part), !word.contains("/"), word != ".", word != ".." else {
                return nil
            }
            words.append(word)
        }
        let run = query["run"]
        guard run.map(JobRecord.isSafe) ?? true else { return nil }
        switch words.first {
        case "" where words.count == 1: self = .runs(isPart: query["part"] != nil)
        case "start" where words.count == 1:
            let experiment = query["experiment"]
            guard experiment.map(JobRecord.isSafe) ?? true else { return nil }
            self = .start(token: query["token"] ?? "", experiment: experiment)
        case "assets" where words.count == 2: self = .asset(words[1])
        case "find" where words.count == 2: self = .find(words[1])
        case "do" where words.count == 1: self = .action(query)
        case "events" where words.count <= 2:
            guard words.count == 2 else {
                self = .events(nil)
                return
            }
            guard JobRecord.isSafe(words[1]) else { return nil }
            self = .events(RunName(experiment: words[1], run: run))
        case "experiment" where (2...3).contains(words.count):
            guard JobRecord.isSafe(words[1]), let tab = words.count == 2 ? .jobs : Tab(rawValue: words[2])
            else { return nil }
            self = .experiment(
                RunName(experiment: words[1], run: run), tab, query.with("run", nil))
        case "job" where words.count >= 3:
            guard let job = JobName(words[1], words[2]), let tab = JobTab(words.dropFirst(3)) else {
                return nil
            }
            self = .job(job, tab, query)
        default: return nil
        }
    }

    var path: String { Self.prefix + way }

    /// Without the prefix.
    private var way: String {
        switch self {
        case .runs(let isPart): return isPart ? "/?part=1" : "/"
        case .start(let token, let experiment):
            return "/start\(Query([("token", token)]).with("experiment", experiment).encoded)"
        case .asset(let name): return "/assets/\(Query.encoded(name))"
        case .events(let run):
            let query = Query().with("run", run?.run).encoded
            return "/events\(run.map { "/\(Query.encoded($0.experiment))" } ?? "")\(query)"
        case .experiment(let run, let tab, let query):
            let way = tab == .jobs ? "" : "/\(tab.rawValue)"
            return
                "/experiment/\(Query.encoded(run.experiment))\(way)\(query.with("run", run.run).encoded)"
        case .job(let job, let tab, let query):
            return "/job/\(Query.encoded(job.task))/\(job.identifier)\(tab.path)\(query.encoded)"
        case .find(let identifier): return "/find/\(Query.encoded(identifier))"
        case .action(let query): return "/do\(query.encoded)"
        }
    }
}

extension Route.JobTab {
    fileprivate init?(_ words: ArraySlice<String>) {
        switch words.first {
        case nil: self = .overview
        case "log" where words.count == 1: self = .log
        case "text" where words.count == 1: self = .text
        case "difference" where words.count == 1: self = .difference
        case "curves" where words.count == 1: self = .curves
        case "files" where words.count == 1: self = .files
        case "files":
            guard words.dropFirst().allSatisfy({ !$0.isEmpty }) else { return nil }
            self = .file(Array(words.dropFirst()))
        default: return nil
        }
    }

    fileprivate var path: String {
        switch self {
        case .overview: ""
        case .log: "/log"
        case .text: "/text"
        case .difference: "/difference"
        case .curves: "/curves"
        case .files: "/files"
        case .file(let words): "/files/\(words.map { Query.encoded($0) }.joined(separator: "/"))"
        }
    }
}
