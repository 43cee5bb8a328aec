import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The locks of what a job shares with others: folders of which one job at a time has all, tokens, and GPUs.
///
/// Held by the process of the job and inherited by its program, so that they are free when nothing of the job lives. Taken in the order of
/// folders, then tokens, each by name, then GPUs, and all of a kind or none: no two jobs wait for each other.
struct SharedLocks {
    private var taken: [Taken] = []
    /// The numbers of the GPUs that are its own.
    private(set) var devices: [Int] = []

    /// The highest descriptor, or -1.
    var last: Int32 { taken.map(\.descriptor).max() ?? -1 }

    /// Waits until all are taken.
    ///
    /// - Parameters:
    ///   - program: the job, whose folder the header's paths are relative to.
    ///   - job: the descriptor of the job's own lock; these come behind it.
    ///   - orders: a channel on which anything ends the waiting, or -1.
    /// - Returns: nil if it was ended.
    static func take(
        for header: JobScript.Header, _ gpus: JobOrder.GPUs?, of program: JobFolder, behind job: Int32,
        orders: Int32
    ) throws(SystemError) -> SharedLocks? {
        let folder = program.path
        let folders = header.shares.map { Wanted(folder: Paths.absolute($0, from: folder)) }
        let tokens = header.tokens.map { Wanted(token: $0, in: Paths.absolute($0.resource, from: folder)) }
        let order = { (a: Wanted, b: Wanted) in ByteOrder.less(a.folder, b.folder) }
        var locks = SharedLocks()
        let process = program.process
        let all =
            folders.sorted(by: order) + tokens.sorted(by: order) + [gpus].compactMap(\.self).map(Wanted.init)
        for wanted in all {
            while true {
                do throws(SystemError) {
                    if let taken = try wanted.take(behind: job, program: process) {
                        locks.taken += taken
                        if wanted.isOfDevices { locks.devices = taken.map(\.number) }
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

    func release() { for one in taken { one.release() } }

    /// So many of some lock files.
    private struct Wanted {
        let folder: String
        /// The numbers of the files; none for the one of a folder.
        let numbers: [Int]
        let count: Int
        var isOfDevices = false

        init(folder: String) {
            self.folder = folder
            numbers = []
            count = 1
        }

        init(token: Claim, in folder: String) {
            self.folder = folder
            numbers = Array(0..<token.capacity)
            count = token.count
        }

        init(gpus: JobOrder.GPUs) {
            folder = gpus.folder
            numbers = gpus.devices
            count = gpus.count
            isOfDevices = true
        }

        /// - Parameter program: the `.pid` of the program that will have a part in them.
        func take(behind job: Int32, program: String) throws(SystemError) -> [Taken]? {
            try Files.makeFolder(folder)
            var taken: [Taken] = []
            do throws(SystemError) {
                for number in numbers.isEmpty ? [-1] : numbers {
                    let path = "\(folder)/\(number < 0 ? "" : String(number)).lock"
                    guard let lock = try FileLock.take(path, program: program) else { continue }
                    // A folder that was removed meanwhile had another file of that name.
                    guard lock.isAt(path) else {
                        lock.release()
                        continue
                    }
                    taken.append(try Taken(lock, path, number, behind: job))
                    if taken.count == count { return taken }
                }
            } catch {
                for one in taken { one.release() }
                throw error
            }
            for one in taken { one.release() }
            return nil
        }
    }

    private struct Taken {
        let descriptor: Int32
        let path: String
        let claim: String?
        let number: Int

        /// Without close-on-exec: the lock lives as long as the program.
        init(_ lock: consuming FileLock, _ path: String, _ number: Int, behind job: Int32) throws(SystemError)
        {
            descriptor = fcntl(lock.descriptor.number, F_DUPFD, job + 1)
            self.path = path
            self.number = number
            claim = lock.claim
            if descriptor < 0 {
                let code = errno
                lock.release()
                throw SystemError("lock", path, code: code)
            }
        }

        func release() {
            close(descriptor)
            if let claim { LockClaim.release(path, claim) }
        }
    }
}
