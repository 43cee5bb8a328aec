import Text

/// The same work for many things, on several threads at once: for what mostly waits for the disk.
package enum Parallel {
    /// What is handed to a thread at once, at most.
    private static let most = 128

    private struct State<Result: Sendable>: Sendable {
        var next = 0
        var working = 0
        var parts: [[Result]?]
    }

    /// Applies a body to each number from 0 to below a count.
    ///
    /// - Parameter body: is called from several threads, which may keep it a moment longer than this call takes.
    /// - Returns: the results, in the order of the numbers.
    package static func map<Result: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let threads = max(2, min(16, Environment.processors))
        // Where there is little, it may be long.
        let chunk = max(1, min(most, count / (4 * threads)))
        let parts = (count + chunk - 1) / chunk
        let helpers = min(threads, parts) - 1
        if helpers < 1 { return (0..<count).map(body) }
        let state = Monitor(State<Result>(parts: Array(repeating: nil, count: parts)))
        let work: @Sendable () -> Void = {
            while let part = state.withLock({ state -> Int? in
                guard state.next < parts else { return nil }
                defer { state.next += 1 }
                return state.next
            }) {
                let results = (part * chunk..<min(count, (part + 1) * chunk)).map(body)
                state.withLock { $0.parts[part] = results }
            }
        }
        for _ in 0..<helpers {
            state.withLock { $0.working += 1 }
            // Where a limit allows no more threads, those that there are do it all.
            do throws(SystemError) {
                try NewThread.start {
                    work()
                    state.change { $0.working -= 1 }
                }
            } catch {
                state.withLock { $0.working -= 1 }
                break
            }
        }
        work()
        _ = state.wait { $0.working == 0 ? true : nil }
        return state.withLock { $0.parts }.flatMap { $0 ?? [] }
    }

    /// The same of the elements of an array.
    package static func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ body: @escaping @Sendable (Element) -> Result
    ) -> [Result] {
        map(elements.count) { body(elements[$0]) }
    }
}
