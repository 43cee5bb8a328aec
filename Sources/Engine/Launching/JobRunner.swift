import CSystemShim

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The work of `xpm-job --runner`: hosts one job after the other, as a launcher sends them.
///
/// The channel is descriptor 3. A job comes as `J`, the language, the folder and the name, separated by NUL, with the lock's
/// descriptor; `T` and `K` ask the running one to stop. Each job is answered by its outcome as JSON. When the launcher is gone, the
/// runner ends its job and leaves.
package enum JobRunner {
    package static let flag = "--runner"
    static let channel: Int32 = 3

    enum Order {
        static let job = UInt8(ascii: "J")
        static let terminate = UInt8(ascii: "T")
        static let kill = UInt8(ascii: "K")
    }

    static func message(folder: JobFolder, language: JobScript.Language) -> [UInt8] {
        Array("J\(language.rawValue)\0\(folder.path)\0\(folder.name)".utf8)
    }

    /// Hosts jobs until the launcher is gone.
    ///
    /// - Parameter lua: runs a Lua task in a process of its own and gives the exit code.
    package static func serve(lua: @escaping LuaBody) {
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            var passed: Int32 = -1
            let count = unsafe xsys_receive(channel, &buffer, buffer.count, &passed, true)
            guard count > 0 else { return }
            guard buffer[0] == Order.job, passed >= 0 else { continue }
            let parts = String(decoding: buffer[1..<Int(count)], as: UTF8.self).split(separator: "\0")
            guard parts.count == 3, let language = JobScript.Language(rawValue: String(parts[0])) else {
                continue
            }
            let folder = JobFolder(path: String(parts[1]), name: String(parts[2]))
            let lock = FileLock(owning: Descriptor(owning: passed))
            let attempt = JobAttempt(folder: folder, language: language, lua: lua)
            let outcome = attempt.run(holding: lock, output: .files, orders: channel)
            let answer = outcome.json.bytes
            if unsafe xsys_send(channel, answer, answer.count, -1) < 0 { return }
        }
    }
}

/// Runs the Lua task whose script has this body in this folder; returns the exit code. Called in a process of its own.
package typealias LuaBody = (_ script: Substring, _ folder: JobFolder) -> Int32
