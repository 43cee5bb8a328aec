import Inventory
import System
import Text
import Watching

/// The monitor for programs: lines of JSON, counts first, and again what has changed.
struct JSONMonitor {
    private let watch: WorkspaceWatch
    private let experiment: String?
    private let signals: Signals

    private static let interval: Int32 = 200

    init(_ options: MonitorOptions, _ signals: Signals) {
        watch = WorkspaceWatch(options.workspace)
        experiment = options.experiment
        self.signals = signals
    }

    /// Runs until no run goes on, or somebody leaves.
    func run() {
        var told: TextMap<String> = [:]
        _ = watch.refresh()
        while true {
            for entry in watch.experiments where experiment.map({ $0 == entry.name }) ?? true {
                let text = entry.json.text
                if told[entry.name] == text { continue }
                told[entry.name] = text
                StandardStream.output.write(text + "\n")
            }
            if let experiment, watch.entry(experiment)?.run.run != watch.open?.run { watch.open(experiment) }
            if let run = watch.open {
                let now = Timestamp.now.seconds
                for row in run.takeChanges() {
                    StandardStream.output.write(run.json(row, at: now).text + "\n")
                }
            }
            let goesOn = watch.experiments.contains { entry in
                entry.isLive && experiment.map { $0 == entry.name } ?? true
            }
            guard goesOn else { return }
            if let signal = signals.next(milliseconds: Self.interval), signal != .resize { return }
            _ = watch.refresh()
        }
    }
}
