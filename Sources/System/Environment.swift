import CSystemShim
import Glibc
import Text

/// The environment of this process.
package enum Environment {
    /// The value of a variable; nil where it is not set, or is not UTF-8.
    package static subscript(name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(validatingCString: value)
    }

    package static func remove(_ name: String) { unsafe _ = unsetenv(name) }

    package static func set(_ name: String, _ value: String) { unsafe _ = setenv(name, value, 1) }

    package static let hostName: String = {
        var buffer = [UInt8](repeating: 0, count: 256)
        let failure = unsafe buffer.withUnsafeMutableBytes { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                guard let start = buffer.baseAddress else { return Int32(-1) }
                return unsafe gethostname(start, 255)
            }
        }
        return failure == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
    }()

    package static var processID: Int32 { getpid() }

    /// The name of the user whose rights this process has, or the number.
    package static let userName = name(ofUser: geteuid())

    /// Whether a user is this one; for root by sudo(8) also who has called it.
    package static func isOwn(user number: UInt32) -> Bool {
        number == geteuid() || geteuid() == 0 && Self["SUDO_UID"].flatMap { UInt32($0) } == number
    }

    /// The name of a user, or the number where no name is known.
    package static func name(ofUser number: UInt32) -> String {
        var name = [UInt8](repeating: 0, count: 256)
        let count = unsafe name.withUnsafeMutableBytes { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                guard let start = buffer.baseAddress else { return Int32(0) }
                return unsafe xsys_user_name(number, start, buffer.count)
            }
        }
        return count > 0 ? String(decoding: name.prefix(Int(count)), as: UTF8.self) : String(number)
    }

    /// The path of the running program.
    package static var program: String {
        Files.linkTarget("/proc/self/exe") ?? Arguments.all.first ?? "xpm"
    }

    /// How many processors this process may use: by its affinity mask, and by the limits of its control
    /// groups.
    package static var processors: Int {
        min(Int(xsys_processors()), ControlGroup.current.processors ?? Int.max)
    }

    /// How many descriptors this process may have (getrlimit(2), RLIMIT_NOFILE).
    package static var mostDescriptors: Int { Int(getdtablesize()) }

    /// Where a program named in a command is, along a PATH; nil if it is not there or may not be executed.
    package static func find(program: String, along path: String?, from folder: String) -> String? {
        if program.contains("/") {
            let full = Paths.absolute(program, from: folder)
            return Files.isExecutable(full) ? full : nil
        }
        for part in (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            if Files.isExecutable("\(part)/\(program)") { return "\(part)/\(program)" }
        }
        return nil
    }
}
