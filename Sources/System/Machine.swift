import Glibc
import Text

/// What this machine has for jobs.
package struct Machine: Sendable, Equatable {
    package var cores: Int
    /// Bytes.
    package var memory: Int64
    /// Nil where they were not looked for.
    package var gpus: [GPU]?

    package init(cores: Int, memory: Int64, gpus: [GPU]? = nil) {
        self.cores = cores
        self.memory = memory
        self.gpus = gpus
    }

    /// Cores that this process may use, and the memory of the machine or of its container. GPUs are not
    /// looked for.
    package static var found: Machine { Machine(cores: Environment.processors, memory: availableMemory) }

    /// The machine's memory (proc(5), meminfo), or the limit of its control groups where that is less.
    private static var availableMemory: Int64 {
        let text = (try? Files.readText("/proc/meminfo", limit: 1 << 16)) ?? ""
        let total =
            text.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }?
            .split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 } ?? 0
        return [total, ControlGroup.current.memory ?? 0].filter { $0 > 0 }.min() ?? 0
    }
}

/// Processes that the kernel killed because there was no memory left.
package enum OutOfMemory {
    /// How many there were since the machine started (proc(5), vmstat: `oom_kill`); nil where the kernel does
    /// not tell.
    package static var kills: Int? {
        guard let text = try? Files.readText("/proc/vmstat", limit: 1 << 16) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }?
            .split(separator: " ").last.flatMap { Int($0) }
    }
}
