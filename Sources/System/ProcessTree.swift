import Glibc
import Text

/// The processes below another one (proc(5), children).
package enum ProcessTree {
    /// Its children, zombies included; none where the kernel does not tell.
    package static func children(of pid: Int32) -> Set<Int32> {
        let threads = (try? Files.list("/proc/\(pid)/task")) ?? []
        return threads.reduce(into: []) { found, thread in
            let text = (try? Files.readText("/proc/\(pid)/task/\(thread)/children", limit: 1 << 20)) ?? ""
            found.formUnion(text.split(separator: " ").compactMap { Int32($0.trimmed) })
        }
    }

    /// - Returns: nil where it is gone.
    package static func parent(of pid: Int32) -> Int32? {
        fields(of: pid).flatMap { $0.count > 1 ? Int32($0[1]) : nil }
    }

    /// The fields of `/proc/PID/stat` behind the name, from the state on.
    private static func fields(of pid: Int32) -> [Substring]? {
        guard let text = try? Files.readText("/proc/\(pid)/stat", limit: 4096) else { return nil }
        return text.cut(atLast: ")")?.after.split(separator: " ")
    }

    /// All of a session (proc(5), stat), zombies left out.
    package static func session(_ number: Int32) -> [Int32] {
        ((try? Files.list("/proc")) ?? []).compactMap { Int32($0) }.filter { pid in
            guard let fields = fields(of: pid), fields.count > 3 else { return false }
            return fields[0] != "Z" && Int32(fields[3]) == number
        }
    }

    /// All below some processes, and these.
    package static func all(below roots: Set<Int32>) -> Set<Int32> {
        var (found, left) = (roots, Array(roots))
        while let pid = left.popLast() {
            for child in children(of: pid) where found.insert(child).inserted { left.append(child) }
        }
        return found
    }
}
