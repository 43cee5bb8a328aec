import Foundation
import Glibc
import Store
import System
import Testing
import Text

/// A page that runs (`xpm monitor --web`), and a browser's part in it.
final class PageBench {
    let bench: Workbench
    let process: Process
    let port: Int
    /// The address that was printed.
    let start: String
    /// As a browser sends it; empty before somebody has used the address.
    private(set) var cookie = ""
    /// What every address begins with.
    private(set) var prefix = ""

    struct Answer {
        let code: Int
        let head: String
        let body: String
    }

    init(_ bench: Workbench, _ options: String..., signIn: Bool = true) throws {
        self.bench = bench
        let port = try Loopback.freePort()
        self.port = port
        let (process, tag) = try bench.start(["monitor", "--web", "--port", "\(port)"] + options)
        self.process = process
        try #require(try bench.wait { try bench.read(".\(tag).out").hasSuffix("\n") })
        start = try bench.read(".\(tag).out").trimmingCharacters(in: .newlines)
        prefix = try #require(start.firstMatch(of: /(\/[0-9a-f]{24})\/start/)).output.1.description
        if signIn { try #require(try self.signIn(start)) }
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    var origin: String { "http://127.0.0.1:\(port)" }

    /// Uses a start address.
    ///
    /// - Returns: whether it gave a cookie.
    func signIn(_ address: String) throws -> Bool {
        let answer = try ask(String(address.after(origin + prefix) ?? "/"), cookie: "")
        let line = answer.head.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") }
        guard let value = line?.after("Set-Cookie: ").map(String.init)?.cut(at: ";") else { return false }
        cookie = String(value.before)
        return true
    }

    /// Asks for a path as it is written, behind the prefix.
    func ask(_ path: String, _ options: String..., cookie: String? = nil) throws -> Answer {
        try ask(path, options, cookie: cookie)
    }

    func ask(_ path: String, _ options: [String], cookie: String? = nil) throws -> Answer {
        let cookie = cookie ?? self.cookie
        let words =
            ["-s", "-i", "--path-as-is", "--globoff", "--max-time", "20", "--http1.1"]
            + (cookie.isEmpty ? [] : ["-H", "Cookie: \(cookie)"]) + options + [
                "\(origin)\(path.hasPrefix(prefix + "/") ? "" : prefix)\(path)"
            ]
        let (process, tag) = try bench.start(words, program: "/usr/bin/curl")
        let said = try bench.finish(process, tag).output
        let (head, body) = said.cut(at: "\r\n\r\n") ?? (said[...], "")
        let words2 = head.split(separator: " ", maxSplits: 2)
        return Answer(
            code: words2.count > 1 ? Int(words2[1]) ?? 0 : 0, head: String(head), body: String(body))
    }

    /// A connection over which anything can be said.
    func connect() throws -> Connection { try Connection(port) }

    /// How many bytes of memory the page takes.
    var memory: Int64 {
        let text = (try? Files.readText("/proc/\(process.processIdentifier)/status", limit: 1 << 16)) ?? ""
        let line = text.lines.first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Int64(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024
    }
}

/// A connection over which anything can be said.
final class Connection {
    private let number: Int32

    init(_ port: Int) throws {
        number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(number, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw SystemError("connect", "", code: errno) }
    }

    deinit { close(number) }

    /// - Returns: whether all of it went off.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// What comes until the end, or until nothing has come for a while.
    func read(seconds: Double, most: Int = 1 << 20) -> (text: String, isClosed: Bool) {
        var (said, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 16))
        let end = Monotonic.seconds + seconds
        while said.count < most {
            var polled = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            let left = Int32(max(0, (end - Monotonic.seconds) * 1000))
            guard unsafe poll(&polled, 1, left) > 0 else {
                return (String(decoding: said, as: UTF8.self), false)
            }
            let count = unsafe recv(number, &buffer, buffer.count, 0)
            if count <= 0 { return (String(decoding: said, as: UTF8.self), true) }
            said += buffer[..<count]
        }
        return (String(decoding: said, as: UTF8.self), false)
    }
}
