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

    /// All below some processes, and these.
    package static func all(below roots: Set<Int32>) -> Set<Int32> {
        var (found, left) = (roots, Array(roots))
        while let pid = left.popLast() {
            for child in children(of: pid) where found.insert(child).inserted { left.append(child) }
        }
        return found
    }
}
