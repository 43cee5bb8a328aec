import System
package import Text

/// Asks the interpreters of a run, once each and beside it, which version and packages they have.
package final class PythonPackages: Sendable {
    private struct State {
        var asked: TextSet = []
        var answers: [JSON] = []
        var open = 0
    }

    private let state = Monitor(State())

    package init() {}

    private static let question = """
        import importlib.metadata, json, sys
        print(json.dumps({"executable": sys.executable, "version": sys.version.split()[0], "packages": {
            d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}}))
        """

    func ask(_ interpreter: String) {
        let isNew = state.withLock { state in
            guard state.asked.insert(interpreter).inserted else { return false }
            state.open += 1
            return true
        }
        guard isNew else { return }
        let work: @Sendable () -> Void = { [self] in
            let text = ChildProcess.output([interpreter, "-c", Self.question])?.text ?? ""
            let answer = try? JSON.parse(Array(text.utf8))
            state.change { state in
                if let answer { state.answers.append(answer) }
                state.open -= 1
            }
        }
        if (try? NewThread.start(work)) == nil { work() }
    }

    /// What they have said, for `environment.json`; waits a little for those that are asked still. Nil where
    /// none was asked.
    package var answers: JSON? {
        if state.withLock({ $0.asked.isEmpty }) { return nil }
        _ = state.wait(milliseconds: 3000) { $0.open == 0 }
        return .array(state.withLock { $0.answers })
    }
}
