#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The locks of what a job shares with others: folders of which one job at a time has all, and tokens.
///
/// Held by the process of the job and inherited by its program, so that they are free when nothing of the job lives. Taken in the order of
/// folders, then tokens, each by name, and all of a token or none: no two jobs wait for each other.
struct SharedLocks {
    private var descriptors: [Int32] = []

    /// The highest descriptor, or -1.
    var last: Int32 { descriptors.max() ?? -1 }

    /// Waits until all are taken.
    ///
    /// - Parameters:
    ///   - folder: the job's, which the header's paths are relative to.
    ///   - job: the descriptor of the job's own lock; these come behind it.
    ///   - orders: a channel on which anything ends the waiting, or -1.
    /// - Returns: nil if it was ended.
    static func take(
        for header: JobScript.Header, in folder: String, behind job: Int32, orders: Int32
    ) throws(SystemError) -> SharedLocks? {
        let folders = header.shares.map { Wanted(folder: Paths.absolute($0, from: folder)) }
        let tokens = header.tokens.map { Wanted(token: $0, in: Paths.absolute($0.resource, from: folder)) }
        let order = { (a: Wanted, b: Wanted) in ByteOrder.less(a.folder, b.folder) }
        var locks = SharedLocks()
        for wanted in folders.sorted(by: order) + tokens.sorted(by: order) {
            while true {
                do throws(SystemError) {
                    if let taken = try wanted.take(behind: job) {
                        locks.descriptors += taken
                        break
                    }
                } catch {
                    locks.release()
                    throw error
                }
                var polled = pollfd(fd: orders, events: Int16(POLLIN), revents: 0)
                if unsafe poll(&polled, 1, 50) > 0 {
                    locks.release()
                    return nil
                }
            }
        }
        return locks
    }

    func release() { for descriptor in descriptors { close(descriptor) } }

    /// So many of some lock files.
    private struct Wanted {
        let folder: String
        let names: [String]
        let count: Int

        init(folder: String) {
            self.folder = folder
            names = [".lock"]
            count = 1
        }

        init(token: Claim, in folder: String) {
            self.folder = folder
            names = (0..<token.capacity).map { "\($0).lock" }
            count = token.count
        }

        func take(behind job: Int32) throws(SystemError) -> [Int32]? {
            try Files.makeFolder(folder)
            var taken: [Int32] = []
            for name in names {
                let path = "\(folder)/\(name)"
                // A folder that was removed meanwhile had another file of that name.
                guard let lock = try FileLock.take(path), lock.isAt(path) else { continue }
                // Without close-on-exec: the lock lives as long as the program.
                taken.append(fcntl(lock.descriptor.number, F_DUPFD, job + 1))
                if taken.count == count { return taken }
            }
            for descriptor in taken { close(descriptor) }
            return nil
        }
    }
}
