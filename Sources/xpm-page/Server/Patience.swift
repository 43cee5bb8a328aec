import HTTPTypes
import NIOCore
import NIOPosix
import System
import Text

/// Waits only so long for what may hang.
enum Patience {
    /// Threads for files, and for commands, which may take long: these do not hold up those.
    private static let (files, commands) = (pool(), pool())

    private static func pool() -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: 8)
        pool.start()
        return pool
    }

    /// Seconds that a page waits for the disk.
    static let disk = 5.0

    /// What `body` gives; it goes on by itself where the time is over.
    ///
    /// - Throws: `Refusal` where it was.
    static func wait<Result: Sendable>(
        _ seconds: Double = disk, _ refusal: Refusal? = nil, for body: @escaping @Sendable () async -> Result
    ) async throws(Refusal) -> Result {
        let (stream, answers) = AsyncStream<Result?>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let work = Task { answers.yield(await body()) }
        let clock = Task {
            try? await Task.sleep(for: .seconds(seconds))
            answers.yield(nil)
        }
        defer {
            work.cancel()
            clock.cancel()
        }
        var iterator = stream.makeAsyncIterator()
        guard let answer = await iterator.next(), let result = answer else {
            throw refusal ?? late(seconds)
        }
        return result
    }

    /// Reads something, on a thread for that.
    ///
    /// - Throws: `Refusal` for what the disk refuses too.
    static func read<Result: Sendable>(
        _ seconds: Double = disk, body: @escaping @Sendable () throws(SystemError) -> Result
    ) async throws(Refusal) -> Result {
        try await block(on: files, seconds, Self.late(seconds), body)
    }

    /// Runs a command that ends by itself within so many seconds.
    static func command<Result: Sendable>(
        _ seconds: Double, body: @escaping @Sendable () throws(SystemError) -> Result
    ) async throws(Refusal) -> Result {
        let late = Refusal(.serviceUnavailable, "The command has not ended within \(Int(seconds)) seconds.")
        // It may wait for a thread, and has a word of its own for being late.
        return try await block(on: commands, seconds + 5, late, body)
    }

    private static func block<Result: Sendable>(
        on pool: NIOThreadPool, _ seconds: Double, _ late: Refusal,
        _ body: @escaping @Sendable () throws(SystemError) -> Result
    ) async throws(Refusal) -> Result {
        // What nobody waits for any more is not begun.
        let isWanted = Monitor(true)
        defer { isWanted.withLock { $0 = false } }
        let answer = try await wait(seconds, late) {
            await withCheckedContinuation { (continuation: CheckedContinuation<Answer<Result>, Never>) in
                pool.submit { _ in
                    guard isWanted.withLock({ $0 }) else {
                        return continuation.resume(
                            returning: .failure(SystemError("wait", "", code: SystemError.denied)))
                    }
                    do throws(SystemError) { continuation.resume(returning: .success(try body())) } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
        }
        switch answer {
        case .success(let result): return result
        case .failure(let error):
            let status: HTTPResponse.Status =
                error.isMissing ? .notFound : error.isRefused ? .forbidden : .internalServerError
            throw Refusal(status, error.text)
        }
    }

    private static func late(_ seconds: Double) -> Refusal {
        Refusal(
            .serviceUnavailable,
            "The disk has not answered for \(Int(seconds)) seconds. The page goes on when it does.")
    }

    private typealias Answer<Value> = Swift.Result<Value, SystemError>
}
