import CSystemShim
import Glibc
import Text

/// TCP on 127.0.0.1: what it takes to see whether a server is ready.
package enum Loopback {
    /// A port that nobody has at the moment.
    package static func freePort() throws(SystemError) -> Int {
        let port = xsys_free_port()
        if port < 0 { throw SystemError("find a free port", "", code: -port) }
        return Int(port)
    }

    /// Whether somebody takes connections at a port.
    package static func isOpen(_ port: Int, milliseconds: Int32 = 500) -> Bool {
        let number = xsys_connect(Int32(port), milliseconds)
        if number >= 0 { close(number) }
        return number >= 0
    }

    /// The status that a server answers a GET with; nil for no answer.
    package static func status(of path: String, at port: Int, milliseconds: Int32 = 1000) -> Int? {
        let number = xsys_connect(Int32(port), milliseconds)
        guard number >= 0 else { return nil }
        let connection = Descriptor(owning: number)
        let request = "GET \(path) HTTP/1.0\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"
        guard (try? connection.write(Array(request.utf8), path: "")) != nil,
            let answer = try? connection.readToEnd(limit: 64, path: "")
        else { return nil }
        // `HTTP/1.0 200 OK`
        let words = String(decoding: answer, as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/") else { return nil }
        return Int(words[1])
    }

    /// Which process of this user takes connections at a port; nil where none does, or another user's.
    package static func owner(of port: Int) -> Int32? {
        var sockets: TextSet = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            guard let text = try? Files.readAnything(table, limit: 1 << 24) else { continue }
            // `0: 0100007F:1F90 00000000:0000 0A … uid timeout inode …` (proc(5)); 0A listens.
            for line in String(decoding: text, as: UTF8.self).lines.dropFirst() {
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[3] == "0A", let (_, place) = fields[1].cut(atLast: ":"),
                    Int(place, radix: 16) == port
                else { continue }
                sockets.insert("socket:[\(fields[9])]")
            }
        }
        guard !sockets.isEmpty else { return nil }
        for process in (try? Files.list("/proc")) ?? [] {
            guard let number = Int32(process) else { continue }
            let folder = "/proc/\(process)/fd"
            let isIt = ((try? Files.list(folder)) ?? []).contains { name in
                Files.linkTarget("\(folder)/\(name)").map { sockets.contains($0) } ?? false
            }
            if isIt { return number }
        }
        return nil
    }
}
