import Glibc
import Text

/// What this machine has for jobs.
package struct Machine: Sendable, Equatable {
    package struct GPU: Sendable, Equatable {
        /// Its number, as `CUDA_VISIBLE_DEVICES` counts.
        package var number: Int
        /// Bytes.
        package var memory: Int64

        package init(number: Int, memory: Int64) {
            self.number = number
            self.memory = memory
        }
    }

    package var cores: Int
    /// Bytes.
    package var memory: Int64
    package var gpus: [GPU]

    package init(cores: Int, memory: Int64, gpus: [GPU]) {
        self.cores = cores
        self.memory = memory
        self.gpus = gpus
    }

    /// Cores that this process may use, and the memory of the machine or of its container. GPUs are not
    /// looked for.
    package static var withoutGPUs: Machine {
        Machine(cores: Environment.processors, memory: availableMemory, gpus: [])
    }

    /// The machine's memory (proc(5), meminfo), or the limit of its control groups where that is less.
    private static var availableMemory: Int64 {
        let text = (try? Files.readText("/proc/meminfo", limit: 1 << 16)) ?? ""
        let total =
            text.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }?
            .split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 } ?? 0
        return [total, ControlGroup.current.memory ?? 0].filter { $0 > 0 }.min() ?? 0
    }

    /// The NVIDIA GPUs that jobs may use: those that `nvidia-smi` lists, and of them those of
    /// `CUDA_VISIBLE_DEVICES` if that is set.
    ///
    /// - Returns: none where there is no such program.
    package static func findGPUs() -> [GPU] {
        let query = ["nvidia-smi", "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"]
        guard let (code, text) = ChildProcess.output(query), code == 0 else { return [] }
        return gpus(listed: text, visible: Environment["CUDA_VISIBLE_DEVICES"])
    }

    /// Reads what `nvidia-smi` prints: a line `0, GPU-5c2f…, 24564` each, the memory in MiB.
    static func gpus(listed text: String, visible: String?) -> [GPU] {
        let allowed = visible.map { $0.split(separator: ",").map(\.trimmed) }
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ",").map(\.trimmed)
            guard fields.count == 3, let number = Int(fields[0]), number >= 0, let memory = Int64(fields[2])
            else { return nil }
            if let allowed, !allowed.contains(fields[0]),
                !allowed.contains(where: { fields[1].hasPrefix($0) && $0.count > 3 })
            {
                return nil
            }
            return GPU(number: number, memory: memory << 20)
        }
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
