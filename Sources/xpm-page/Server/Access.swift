import Store
import System
import Text

/// Who may see the page: whoever has the cookie, which the start address gives once.
///
/// All secrets are 32 random bytes, written as hexadecimal digits, and compared in constant time.
final class Access: Sendable {
    /// The address and port as a browser names them.
    let host: BindName
    /// Where the start address is kept for the user's other programs, of mode 0600.
    private let file: String
    private let workspace: String
    private let session = Access.secret()
    /// What a form has to bring along: only the page's own have it.
    let formToken = Access.secret()
    private let start: Monitor<String>

    /// - Parameter port: at which the server listens, which may have another number for who asks.
    init(_ host: BindName, listening port: Int, workspace: String) {
        self.host = host
        self.workspace = workspace
        file = "\(PageRecord.folder)/\(port).json"
        start = Monitor(Access.secret())
    }

    /// The address that gives the cookie, once, and leads to an experiment.
    func startAddress(_ experiment: String?) -> String {
        "\(host.origin)\(Route.start(token: start.withLock { $0 }, experiment: experiment).path)"
    }

    /// Writes the start address where the user's other programs find it.
    func keep() throws(SystemError) {
        let record = PageRecord(
            workspace: workspace, process: Environment.processID, address: startAddress(nil))
        try Files.makeFolder(PageRecord.folder, mode: 0o700)
        try Files.replace(file, with: record.json.bytes + [UInt8(ascii: "\n")], mode: 0o600)
    }

    func forget() { try? Files.remove(file) }

    /// Takes a start token, which is worth nothing after that.
    ///
    /// - Returns: the cookie for it.
    func exchange(_ token: String) -> String? {
        let isIt = start.withLock { current in
            guard Access.isSame(token, current) else { return false }
            current = Access.secret()
            return true
        }
        guard isIt else { return nil }
        try? keep()
        return "\(cookieName)=\(session); Path=\(Route.prefix)/; HttpOnly; SameSite=Strict"
    }

    /// Cookies are not kept apart by ports.
    private var cookieName: String { "xpm-\(host.port)" }

    /// Whether a header `Cookie` has the cookie.
    func knows(_ cookies: [String]) -> Bool {
        var isKnown = false
        for part in cookies.flatMap({ $0.split(separator: ";") }) {
            guard let (name, value) = String(part.trimmed).cut(at: "="), name == cookieName else { continue }
            if Access.isSame(value, session) { isKnown = true }
        }
        return isKnown
    }

    /// Whether a form has been made by the page.
    func isOwn(_ token: String?) -> Bool { token.map { Access.isSame($0, formToken) } ?? false }

    /// Random bytes as hexadecimal digits.
    static func secret() -> String {
        // getrandom(2).
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for _ in 0..<32 {
            let byte = UInt8.random(in: .min ... .max, using: &generator)
            out += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// In a time that does not depend on where they differ.
    private static func isSame(_ left: some StringProtocol, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (a, b) in zip(left, right) { difference |= a ^ b }
        return difference == 0
    }
}

/// Where a server listens, and by which names it may be called: others would be of a page that has pointed its own
/// name at this machine (DNS rebinding).
struct BindName: Sendable {
    /// As `--host` says.
    let host: String
    let port: Int

    /// Whether only this machine reaches it.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.") && isNumeric(host)
    }

    /// As a browser is to name it.
    var origin: String { "http://\(written):\(port)" }

    private var written: String {
        if isEverywhere { return Environment.hostName }
        return host.contains(":") ? "[\(host)]" : host
    }

    private var isEverywhere: Bool { host == "0.0.0.0" || host == "::" }

    /// Whether a header `Host` names this server.
    func accepts(_ authority: String) -> Bool {
        guard let name = authority.before(":\(port)") else { return port == 80 && isOwn(authority[...]) }
        return isOwn(name)
    }

    private func isOwn(_ name: Substring) -> Bool {
        let name = name.lowercased()
        if name == written.lowercased() { return true }
        if Self.isLoopback(host) { return ["localhost", "127.0.0.1", "[::1]"].contains(name) }
        // A number cannot be pointed elsewhere.
        return isEverywhere
            && (Self.isNumeric(name) || name.hasPrefix("[") && name.hasSuffix("]") || name == "localhost")
    }

    /// `127.0.0.1`
    private static func isNumeric(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
