import HTTPTypes
import NIOCore
import NIOPosix
import System
import Text

/// Waits only so long for what may hang.
enum Patience {
    /// Threads for what blocks: commands, and files.
    private static let threads = {
        let pool = NIOThreadPool(numberOfThreads: 16)
        pool.start()
        return pool
    }()

    /// Seconds that a page waits for the disk.
    static let disk = 5.0

    /// What `body` gives; it goes on by itself where the time is over.
    ///
    /// - Throws: `Refusal` where it was.
    static func wait<Result: Sendable>(
        _ seconds: Double = disk, for body: @escaping @Sendable () async -> Result
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
            throw Refusal(
                .serviceUnavailable,
                "The disk has not answered for \(Int(seconds)) seconds. The page goes on when it does.")
        }
        return result
    }

    /// The same for what blocks: on a thread for such.
    ///
    /// - Throws: `Refusal` for what the disk refuses too.
    static func block<Result: Sendable>(
        _ seconds: Double = disk, body: @escaping @Sendable () throws(SystemError) -> Result
    ) async throws(Refusal) -> Result {
        let answer = try await wait(seconds) {
            await withCheckedContinuation { (continuation: CheckedContinuation<Answer<Result>, Never>) in
                threads.submit { _ in
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

    private typealias Answer<Value> = Swift.Result<Value, SystemError>
}
