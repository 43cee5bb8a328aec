import HummingbirdCore
import Inventory
import NIOCore
import Store
import System
import Text
import Watching

/// Changes as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): of the workspace,
/// or of a run. An id is the number of the last change; a reader that comes back with it hears what it has missed.
struct EventStream: Sendable {
    let hub: WatchHub
    let run: Route.RunName?
    let last: Int?

    /// Between two looks; and after how many without news the reader is told that the connection lives.
    private static let (interval, silence): (Duration, Int) = (.milliseconds(100), 50)

    var answer: Answer {
        Answer(type: "text/event-stream; charset=utf-8", ResponseBody(asyncSequence: Events(stream: self)))
    }

    /// Pieces as they are sent, without an end.
    private struct Events: AsyncSequence, Sendable {
        let stream: EventStream

        func makeAsyncIterator() -> Iterator { Iterator(stream: stream, known: stream.last) }

        struct Iterator: AsyncIteratorProtocol {
            let stream: EventStream
            var known: Int?
            private var hasBegun = false

            init(stream: EventStream, known: Int?) {
                self.stream = stream
                self.known = known
            }

            mutating func next() async throws -> ByteBuffer? {
                guard hasBegun else {
                    hasBegun = true
                    // How long a browser waits before it comes back, in milliseconds.
                    return ByteBuffer(string: "retry: 1000\n\n")
                }
                for _ in 0..<EventStream.silence {
                    if let (id, text) = await stream.news(since: known) {
                        known = id
                        return ByteBuffer(string: "id: \(id)\ndata: \(text)\n\n")
                    }
                    try await Task.sleep(for: EventStream.interval)
                }
                return ByteBuffer(string: ": \n\n")
            }
        }
    }

    /// What has changed since a number, with the number that it has by now; nil for nothing.
    private func news(since known: Int?) async -> (id: Int, text: String)? {
        guard let run else {
            let (entries, revision) = await hub.experiments()
            if known == revision { return nil }
            return (revision, JSON.object([.init("experiments", .int(Int64(entries.count)))]).text)
        }
        guard let changes = await hub.changes(of: run, since: known) else { return nil }
        if changes.revision == known { return nil }
        return (changes.revision, changes.json.text)
    }
}

extension RunChanges {
    /// For the page's script.
    fileprivate var json: JSON {
        let shares = RunShares(counts)
        return [
            "run": .string(run), "live": .bool(isLive),
            "counts": .object(
                JobRecord.State.allCases.map { .init($0.rawValue, .int(Int64(counts[$0]))) }),
            "bar": .array([shares.good, shares.bad, shares.live].map(JSON.float)),
            "total": .int(Int64(counts.total)), "left": .optional(left?.text),
            "rows": rows.map { .array($0.map { .int(Int64($0)) }) } ?? .null,
        ]
    }
}
