import CSystemShim
import Glibc
import Text

/// The time of day, in microseconds since 1970; never used to decide, only to tell.
package struct Timestamp: Sendable, Equatable {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static var now: Timestamp { Timestamp(microseconds: xsys_now()) }

    package var seconds: Double { Double(microseconds) / 1e6 }

    /// Local time as ISO 8601 without zone, as Python's `isoformat` writes it: `2026-11-23T19:27:22.936682`.
    package var iso: String {
        // Before 1970 too, from the second before on.
        let micro = String((microseconds % 1_000_000 + 1_000_000) % 1_000_000)
        return format("%Y-%m-%dT%H:%M:%S") + "." + String(repeating: "0", count: 6 - micro.count) + micro
    }

    /// The same with the zone: `2026-11-23T19:27:22.936682+01:00`.
    package var isoWithZone: String {
        let zone = format("%z")
        return iso + zone.prefix(bytes: 3) + ":" + zone.dropFirst(3)
    }

    /// For people, in the zone of this process, which is told: `2026-11-23 19:27:22 CET`.
    package var shown: String { format("%Y-%m-%d %H:%M:%S %Z") }

    /// The name of a run: `20261123_192722`.
    package var runName: String { format("%Y%m%d_%H%M%S") }

    /// strftime(3) in local time.
    package func format(_ pattern: String) -> String {
        var seconds = time_t((Double(microseconds) / 1e6).rounded(.down))
        var parts = unsafe tm()
        unsafe _ = localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = unsafe strftime(&buffer, buffer.count, pattern, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Waiting.
package enum Clock {
    package static func sleep(milliseconds: Int) { usleep(UInt32(max(0, milliseconds)) * 1000) }
}

/// A clock that never goes back.
package enum Monotonic {
    /// Seconds since an unspecified start.
    package static var seconds: Double { Double(xsys_monotonic()) / 1e9 }
}
