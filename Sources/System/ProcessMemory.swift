import Text

/// What processes use of a machine's memory, without what the kernel can take back: pages of files (proc(5)).
package enum ProcessMemory {
    /// The bytes of some processes, each page counted once where the kernel tells that.
    ///
    /// - Parameter limit: up to here an upper bound is enough, which costs less.
    package static func used(by pids: Set<Int32>, limit: Int64) -> Int64 {
        // Pages that several have in common count for each of them.
        let own = pids.map { ($0, bytes(of: ["RssAnon", "RssShmem"], in: "/proc/\($0)/status") ?? 0) }
        let most = own.reduce(0) { $0 + $1.1 }
        if most <= limit { return most }
        let exact = own.map { bytes(of: ["Pss_Anon", "Pss_Shmem"], in: "/proc/\($0.0)/smaps_rollup") }
        // Before Linux 5.3 nobody tells what is shared: surely used is what the largest has.
        if exact.allSatisfy({ $0 == nil }) { return own.map(\.1).max() ?? 0 }
        // One that may not be looked at counts by itself.
        return zip(own, exact).reduce(0) { $0 + ($1.1 ?? $1.0.1) }
    }

    /// The sum of some lines `RssAnon:      1234 kB`.
    ///
    /// - Returns: nil where there is none of them.
    private static func bytes(of names: TextSet, in path: String) -> Int64? {
        guard let text = try? Files.readText(path, limit: 1 << 16) else { return nil }
        let counts = text.lines.compactMap { line -> Int64? in
            guard let (name, value) = line.cut(at: ":").map({ ($0.before, $0.after) }), names.contains(name)
            else { return nil }
            return value.trimmed.split(separator: " ").first.flatMap { Int64($0) }
        }
        return counts.isEmpty ? nil : counts.reduce(0) { $0 + $1 << 10 }
    }
}
