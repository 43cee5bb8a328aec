import Engine
import Text

/// Prints a file, and what is added to it.
struct LogFollower {
    let path: String
    /// Only so many of the last lines that are there already.
    let lines: Int?
    /// Whether more is waited for.
    let follows: Bool
    /// Whether somebody may still write.
    let isOpen: () -> Bool
    /// Whether somebody may begin to write.
    var mayBegin: () -> Bool = { false }

    /// Milliseconds between two looks.
    private static let interval = 100
    /// So often in a row nobody must be writing: between two attempts of a job nobody is.
    private static let mostLooks = 3

    func run() throws(Failure) {
        do throws(SystemError) {
            guard Files.exists(path) || follows else {
                throw SystemError(
                    "print what has not begun (-f waits for it)", path, code: SystemError.missing)
            }
            while !Files.exists(path) {
                guard isOpen() || mayBegin() || Files.exists(path) else {
                    throw SystemError(
                        "print (nothing has run, and no run that goes on will run it)", path,
                        code: SystemError.missing)
                }
                Clock.sleep(milliseconds: Self.interval)
            }
            var file = try LogFile(path)
            if let lines { try file.skip(to: lines) }
            var looks = 0
            while true {
                // Asked first: what was written before the end is printed.
                looks = follows && isOpen() ? 0 : looks + 1
                while case let bytes = try file.read(), !bytes.isEmpty {
                    StandardStream.output.write(bytes: bytes)
                }
                if !follows { return }
                // Another attempt begins a new file, or the same one anew.
                if Files.exists(path), !file.isCurrent {
                    file = try LogFile(path)
                    continue
                }
                if looks >= Self.mostLooks { return }
                Clock.sleep(milliseconds: Self.interval)
            }
        } catch { throw Failure(error) }
    }
}
