import Glibc
package import Text

/// A GPU of this machine, or a part of one that counts as one (MIG).
package struct GPU: Sendable, Equatable {
    /// What `CUDA_VISIBLE_DEVICES` calls it: its number, or the UUID of a part.
    package var name: String
    /// Bytes.
    package var memory: Int64
    /// Whether it is AMD's: ROCm's libraries count within `ROCR_VISIBLE_DEVICES`.
    package var isOfROCm: Bool

    package init(name: String, memory: Int64, isOfROCm: Bool = false) {
        self.name = name
        self.memory = memory
        self.isOfROCm = isOfROCm
    }

    /// What a program that xpm has not given a GPU to does with it.
    package struct Use: Sendable, Equatable {
        /// Bytes; 0 where the tool does not tell.
        package var memory: Int64
        /// One of its processes, where the tool tells any.
        package var process: Int32?

        /// `another user's process, 21 GB`
        package var text: String {
            let size = memory > 0 ? ", \(NumberText.bytes(memory))" : ""
            guard let process else { return "another program\(size)" }
            guard Files.owner("/proc/\(process)") == geteuid() else { return "another user's process\(size)" }
            let name = (try? Files.readText("/proc/\(process)/comm", limit: 64))?.trimmed ?? "a program"
            return "your process \(process) (\(name))\(size)"
        }
    }

    /// From so many bytes on a GPU is in use though no process is told: those of other users may be hidden.
    /// What a driver, and a desktop, takes of one is less.
    private static let leastInUse: Int64 = 1 << 30

    // MARK: Looking

    /// The GPUs that jobs may use: those that `nvidia-smi` lists, or else `rocm-smi`, and of them those that
    /// `CUDA_VISIBLE_DEVICES` (for AMD also `HIP_VISIBLE_DEVICES` and `ROCR_VISIBLE_DEVICES`) allows.
    ///
    /// - Returns: none where there is no such program.
    package static func all() -> [GPU] {
        let visible = Environment["CUDA_VISIBLE_DEVICES"]
        let fields = "--query-gpu=index,uuid,memory.total"
        // Older drivers know no parts.
        if let text = nvidia("\(fields),mig.mode.current") ?? nvidia(fields) {
            let hasParts = text.lines.contains { $0.split(separator: ",").last?.trimmed == "Enabled" }
            let parts = hasParts ? output(["nvidia-smi", "-L"]) ?? "" : ""
            return listed(text, parts: parts, visible: visible)
        }
        let allowed = ["ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"].lazy.compactMap { Environment[$0] }
            .first
        return cards().filter { card in
            guard let visible = allowed ?? visible else { return true }
            return visible.split(separator: ",").contains { $0.trimmed == card.name }
        }.map { GPU(name: $0.name, memory: $0.memory, isOfROCm: true) }
    }

    /// Which GPUs programs use now, by the names of those; parts of a GPU are not looked at.
    package static func uses() -> TextMap<Use> {
        guard let text = nvidia("--query-gpu=index,uuid,memory.used") else {
            var uses: TextMap<Use> = [:]
            for card in cards() where card.used >= leastInUse { uses[card.name] = Use(memory: card.used) }
            return uses
        }
        return uses(
            listed: text, processes: nvidia("--query-compute-apps=gpu_uuid,pid,used_memory") ?? "",
            isOwn: isOfRunner)
    }

    /// Whether a process belongs to a runner of this user: a worker, which keeps what it has loaded until its next
    /// job. One that runs has the lock of its GPU.
    private static func isOfRunner(_ pid: Int32) -> Bool {
        var next = pid
        for _ in 0..<64 {
            guard next > 1, Files.owner("/proc/\(next)") == geteuid() else { return false }
            if (try? Files.readText("/proc/\(next)/comm", limit: 64))?.trimmed == "xpm-job" { return true }
            guard let parent = ProcessTree.parent(of: next) else { return false }
            next = parent
        }
        return false
    }

    /// Seconds that a tool may take.
    private static let patience = 20.0

    private static func output(_ command: [String]) -> String? {
        guard let answer = try? Command(command, patience: patience).run(), answer.code == 0, !answer.isLate
        else { return nil }
        return answer.output
    }

    private static func nvidia(_ query: String) -> String? {
        output(["nvidia-smi", query, "--format=csv,noheader,nounits"])
    }

    // MARK: What the tools print

    /// Reads what `nvidia-smi` prints: a line `0, GPU-5c2f…, 24564` each, the memory in MiB; behind it
    /// `Enabled` for one that is given out in parts.
    ///
    /// - Parameter parts: what `nvidia-smi -L` prints.
    static func listed(_ text: String, parts: String = "", visible: String?) -> [GPU] {
        let allowed = visible.map { $0.split(separator: ",").map(\.trimmed) }
        func isAllowed(_ number: Substring, _ identity: Substring) -> Bool {
            guard let allowed else { return true }
            return allowed.contains { $0 == number || $0.utf8.count > 3 && identity.hasPrefix($0) }
        }
        return text.lines.flatMap { line -> [GPU] in
            let fields = line.split(separator: ",").map(\.trimmed)
            guard fields.count >= 3, let number = Int(fields[0]), number >= 0, let memory = Int64(fields[2]),
                memory >= 0, memory < 1 << 40
            else { return [] }
            if fields.count > 3, fields[3] == "Enabled" {
                let isWhole = isAllowed(fields[0], fields[1])
                return Self.parts(of: fields[1], in: parts).filter { part in
                    isWhole || isAllowed("-", part.name[...])
                }
            }
            return isAllowed(fields[0], fields[1]) ? [GPU(name: String(number), memory: memory << 20)] : []
        }
    }

    /// The parts of a GPU, with the memory that their profile names:
    ///
    ///     GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6)
    ///       MIG 3g.20gb     Device  0: (UUID: MIG-c7384736)
    private static func parts(of identity: Substring, in text: String) -> [GPU] {
        var isOwn = false
        var found: [GPU] = []
        for line in text.lines {
            guard let uuid = line.cut(at: "(UUID: ")?.after.cut(at: ")")?.before else { continue }
            if !line.trimmed.hasPrefix("MIG") {
                isOwn = uuid == identity
            } else if isOwn {
                let words = line.trimmed.split(separator: " ")
                let size = words.count > 1 ? memory(ofProfile: words[1]) : nil
                found.append(GPU(name: String(uuid), memory: size ?? 0))
            }
        }
        return found
    }

    /// `1c.3g.20gb` has 20 GiB.
    private static func memory(ofProfile profile: Substring) -> Int64? {
        profile.split(separator: ".").lazy.compactMap { word in
            word.cut(at: "gb").flatMap { Int64($0.before) }.flatMap { $0 < 1 << 20 ? $0 << 30 : nil }
        }.first
    }

    /// - Parameters:
    ///   - text: a line `0, GPU-5c2f…, 1024` for each GPU, with the memory in use in MiB.
    ///   - processes: a line `GPU-5c2f…, 4711, 21504` for each process that computes.
    ///   - isOwn: whether a process is one of xpm's own, and in nobody's way.
    static func uses(
        listed text: String, processes: String, isOwn: (Int32) -> Bool = { _ in false }
    ) -> TextMap<Use> {
        func bytes(_ mebibytes: Substring) -> Int64? {
            Int64(mebibytes).flatMap { (0..<1 << 40).contains($0) ? $0 << 20 : nil }
        }
        var (names, used): (TextMap<String>, TextMap<Int64>) = ([:], [:])
        for line in text.lines {
            let fields = line.split(separator: ",").map(\.trimmed)
            guard fields.count >= 3, let number = Int(fields[0]) else { continue }
            names[fields[1]] = String(number)
            used[String(number)] = bytes(fields[2]) ?? 0
        }
        var uses: TextMap<Use> = [:]
        for line in processes.lines {
            let fields = line.split(separator: ",").map(\.trimmed)
            guard fields.count >= 2, let name = names[fields[0]], let process = Int32(fields[1]) else {
                continue
            }
            let told = fields.count > 2 ? bytes(fields[2]) ?? 0 : 0
            if isOwn(process) {
                used[name] = max(0, (used[name] ?? 0) - told)
            } else {
                uses[name] = Use(memory: max(told, uses[name]?.memory ?? 0), process: process)
            }
        }
        for name in used.orderedKeys {
            let memory = used[name] ?? 0
            if let use = uses[name] {
                uses[name] = Use(memory: max(memory, use.memory), process: use.process)
            } else if memory >= leastInUse {
                uses[name] = Use(memory: memory)
            }
        }
        return uses
    }

    /// What `rocm-smi --showmeminfo vram --json` tells of each card.
    private static func cards() -> [(name: String, memory: Int64, used: Int64)] {
        output(["rocm-smi", "--showmeminfo", "vram", "--json"]).map(cards) ?? []
    }

    static func cards(in text: String) -> [(name: String, memory: Int64, used: Int64)] {
        // Warnings may stand before it.
        guard let start = text.utf8.firstIndex(of: UInt8(ascii: "{")),
            case .object(let members)? = try? JSON.parse(Array(text.utf8[start...]))
        else { return [] }
        return members.compactMap { member in
            func bytes(_ key: String) -> Int64? { member.value[key]?.string.flatMap { Int64($0) } }
            guard let number = member.name.after("card").flatMap({ Int($0) }),
                let memory = bytes("VRAM Total Memory (B)"), memory >= 0
            else { return nil }
            return (String(number), memory, max(0, bytes("VRAM Total Used Memory (B)") ?? 0))
        }
    }
}
