import Engine
import Inventory
import Model
import Store
import Text

/// Tells, before anything runs, of defaults that are others than when results were made.
final class DefaultsWatch {
    private let last: DefaultsOfRun
    private let workspace: Workspace
    private let report: (String) -> Void
    private var seen: Set<ObjectIdentifier> = []
    private var told: TextSet = []
    /// Changes since the last run that were told for their types.
    private var ignored: TextSet = []

    /// - Parameter report: told once of each change.
    init(_ files: ExperimentFiles, report: @escaping (String) -> Void) {
        workspace = files.workspace
        self.report = report
        let runs = RunHistory(experiment: files.name, in: workspace)
        last = DefaultsOfRun(run: runs.newest(with: "objects.jsonl"))
    }

    /// Looks at a job that was planned.
    func look(at job: Job, isDone: Bool) {
        let task = job.task
        if !last.isEmpty { compare(task) }
        guard isDone, task.hasIgnoredDefaults else { return }
        for difference in JobReasons.drift(of: job, workspace: workspace) {
            let name = difference.path.split(separator: ".").last.map(String.init) ?? ""
            let isTold = ignored.contains("\(name): \(difference.old ?? "") → \(difference.new ?? "")")
            if isTold { continue }
            tell(
                "\(task.type.id).\(difference.path): the default was \(difference.old ?? "?") when results were made, and is \(difference.new ?? "?") now; they count all the same (ignore_default)"
            )
        }
    }

    private func compare(_ object: ConfigObject) {
        guard seen.insert(ObjectIdentifier(object.type)).inserted else { return }
        for change in last.changes(of: object.type) {
            let isIgnored = object.type.parameters.contains {
                $0.name == change.parameter && $0.ignoresDefault
            }
            let effect =
                isIgnored && change.wasIgnored
                ? "; older results count all the same (ignore_default)"
                : ": results with the old one do not count"
            ignored.insert("\(change.parameter): \(change.old) → \(change.new)")
            tell(
                "\(object.type.id).\(change.parameter): the default was \(change.old) in the last run, and is \(change.new) now\(effect)"
            )
        }
        object.forEachObject { if $0.task !== $0 { compare($0) } }
    }

    private func tell(_ text: String) { if told.insert(text).inserted { report(text) } }
}
