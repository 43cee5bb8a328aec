import Inventory
import System
import Text

/// Prints a file, and what is added to it.
struct LogFollower {
    let path: String
    /// What stands in the object of each line, besides the line; nil for the bytes as they are.
    var json: [JSON.Member]?
    /// Only so many of the last lines that are there already.
    let lines: Int?
    /// Whether more is waited for.
    let follows: Bool
    /// Whether somebody may still write.
    let isOpen: () -> Bool
    /// Whether somebody may begin to write.
    var mayBegin: () -> Bool = { false }
    /// Whether there is no file because nothing was written.
    var isSilent: () -> Bool = { false }

    /// Milliseconds between two looks.
    private static let interval = 100
    /// So often in a row nobody must be writing: between two attempts of a job nobody is.
    private static let mostLooks = 3

    func run() throws(Failure) {
        do throws(SystemError) {
            guard Files.exists(path) || follows || isSilent() else {
                throw SystemError(
                    "print what has not begun (-f waits for it)", path, code: SystemError.missing)
            }
            while !Files.exists(path) {
                if isSilent() && !Files.exists(path) { return }
                guard isOpen() || mayBegin() || Files.exists(path) else {
                    throw SystemError(
                        "print (nothing has run, and no run that goes on will run it)", path,
                        code: SystemError.missing)
                }
                Clock.sleep(milliseconds: Self.interval)
            }
            var file = try LogFile(path)
            var printer = Printer(json: json)
            defer { printer.end() }
            if let lines { try file.skip(to: lines) }
            var looks = 0
            while true {
                // Asked first: what was written before the end is printed.
                looks = follows && isOpen() ? 0 : looks + 1
                while case let bytes = try file.read(), !bytes.isEmpty {
                    printer.print(bytes)
                }
                if !follows { return }
                // Another attempt begins a new file, or the same one anew.
                if Files.exists(path), !file.isCurrent {
                    printer.end()
                    file = try LogFile(path)
                    continue
                }
                if looks >= Self.mostLooks { return }
                Clock.sleep(milliseconds: Self.interval)
            }
        } catch { throw Failure(error) }
    }
}

/// Prints what a log has, as it is or an object for each line.
private struct Printer {
    let json: [JSON.Member]?
    /// A line that has not ended yet.
    private var rest: [UInt8] = []

    init(json: [JSON.Member]?) { self.json = json }

    mutating func print(_ bytes: [UInt8]) {
        guard json != nil else { return StandardStream.output.write(bytes: bytes) }
        rest += bytes
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            tell(rest[start..<end])
            start = end + 1
        }
        rest.removeSubrange(..<start)
    }

    mutating func end() {
        if !rest.isEmpty { tell(rest[...]) }
        rest = []
    }

    private func tell(_ line: ArraySlice<UInt8>) {
        let text = JSON.string(String(decoding: line, as: UTF8.self))
        StandardStream.output.write(JSON.object((json ?? []) + [.init("line", text)]).text + "\n")
    }
}
