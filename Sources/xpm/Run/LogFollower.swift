import Engine
import Text

/// Prints a file, and what is added to it.
struct LogFollower {
    let path: String
    let lines: Int?
    /// Whether somebody still writes.
    let isOpen: () -> Bool

    func run() throws(Failure) {
        guard Files.exists(path) else {
            throw .message("\(Paths.shown(path)): not there: nothing has run yet")
        }
        do throws(SystemError) {
            var offset = 0
            if let lines {
                let bytes = try Files.read(path)
                offset = bytes.count
                let last = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                let kept = last.suffix(lines + (bytes.last == UInt8(ascii: "\n") ? 1 : 0))
                StandardStream.output.write(bytes: Array(kept.joined(separator: [UInt8(ascii: "\n")])))
            }
            while true {
                // Asked first: what was written before the end is printed.
                let goesOn = isOpen()
                let added = try Files.read(path, from: offset)
                // The file begins anew with each attempt.
                if added.isEmpty, Files.size(of: path) < Int64(offset) { offset = 0 }
                offset += added.count
                StandardStream.output.write(bytes: added)
                if !goesOn { return }
                Clock.sleep(milliseconds: 100)
            }
        } catch { throw Failure(error) }
    }
}
