import Text

/// What processes use of a machine's memory, without what the kernel can take back: pages of files (proc(5)).
package enum ProcessMemory {
    /// The bytes of some processes, each page counted once where the kernel tells that.
    ///
    /// - Parameter limit: up to here an upper bound is enough, which costs less.
    package static func used(by pids: Set<Int32>, limit: Int64) -> Int64 {
        // Pages that several have in common count for each of them.
        let most = pids.reduce(0) { $0 + bytes(of: ["RssAnon", "RssShmem"], in: "/proc/\($1)/status") }
        if most <= limit { return most }
        let exact = pids.reduce(0) { sum, pid in
            sum + bytes(of: ["Pss_Anon", "Pss_Shmem"], in: "/proc/\(pid)/smaps_rollup")
        }
        // An older kernel, or processes that may not be looked at.
        return exact > 0 ? exact : most
    }

    /// The sum of some lines `RssAnon:      1234 kB`.
    private static func bytes(of names: TextSet, in path: String) -> Int64 {
        guard let text = try? Files.readText(path, limit: 1 << 16) else { return 0 }
        return text.lines.reduce(0) { sum, line in
            guard let (name, value) = line.cut(at: ":").map({ ($0.before, $0.after) }), names.contains(name),
                let count = value.trimmed.split(separator: " ").first.flatMap({ Int64($0) })
            else { return sum }
            return sum + count << 10
        }
    }
}
