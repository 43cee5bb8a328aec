import Text

/// The limits that a container or a batch system sets by control groups (cgroups(7)), of version 1 and 2.
///
/// A limit holds for a group and all below it, so that the least one from this process's group up to the root
/// counts.
package struct ControlGroup: Sendable {
    /// Where the hierarchies are mounted.
    private let root: String
    /// The folders of the groups of this process, by controller; that of version 2 is `""`.
    private let groups: TextMap<String>

    package static let current = ControlGroup(
        root: "/sys/fs/cgroup", membership: (try? Files.readText("/proc/self/cgroup", limit: 1 << 16)) ?? "")

    /// - Parameter membership: `/proc/self/cgroup`: lines such as `0::/user.slice` or
    ///   `4:cpu,cpuacct:/docker/1f2a`.
    package init(root: String, membership: String) {
        self.root = root
        var groups: TextMap<String> = [:]
        for line in membership.lines {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                groups[controller] = String(parts[2])
            }
        }
        self.groups = groups
    }

    /// How many processors may be used; nil for no limit. Of a part of one, one.
    package var processors: Int? {
        let shares = values(of: "cpu.max", in: "").map { words in
            Self.share(words.first, words.dropFirst().first)
        }
        let quotas = values(of: "cpu.cfs_quota_us", in: "cpu").enumerated().map { level, words in
            Self.share(words.first, periods.dropFirst(level).first?.first)
        }
        return (shares + quotas).compactMap(\.self).min().map { max(1, Int($0)) }
    }

    private var periods: [[Substring]] { values(of: "cpu.cfs_period_us", in: "cpu") }

    /// The bytes that may be used; nil for no limit.
    package var memory: Int64? {
        (values(of: "memory.max", in: "") + values(of: "memory.limit_in_bytes", in: "memory"))
            .compactMap { $0.first.flatMap { Int64($0) } }.filter { $0 > 0 }.min()
    }

    private static func share(_ quota: Substring?, _ period: Substring?) -> Double? {
        guard let quota = quota.flatMap({ Double($0) }), let period = period.flatMap({ Double($0) }),
            quota > 0,
            period > 0, quota / period < 1e6
        else { return nil }
        return quota / period
    }

    /// The words of a file in the groups of a controller, from this process's up to the root.
    private func values(of file: String, in controller: String) -> [[Substring]] {
        guard let group = groups[controller] else { return [] }
        let mount = controller.isEmpty ? root : "\(root)/\(controller)"
        // In a container the path may be that of the host, of which only the root is seen.
        var folders: [String] = []
        var way = group.split(separator: "/")[...]
        while true {
            folders.append(([mount] + way.map(String.init)).joined(separator: "/"))
            if way.popLast() == nil { break }
        }
        return folders.compactMap { folder in
            (try? Files.readText("\(folder)/\(file)", limit: 256))?.lines.first?.split(separator: " ")
        }
    }
}
