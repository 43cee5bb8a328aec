/// Numbers as text, the same everywhere: independent of the locale, and read back as the same number.
package enum NumberText {
    /// A float as Lua source, commands, tags and messages write it: `0.1`, `1.0`, `1e+20`, `inf`.
    package static func lua(_ value: Double) -> String {
        value.isInfinite ? (value < 0 ? "-inf" : "inf") : value.isNaN ? "nan" : value.description
    }

    /// A float as JSON; infinities as Python's `json` writes them.
    package static func json(_ value: Double) -> String {
        value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.isNaN ? "NaN" : value.description
    }

    /// A size for people: `512 B`, `1.5 KB`, `20 MB`.
    package static func bytes(_ count: Int64) -> String {
        var (value, unit) = (Double(count), 0)
        let units = ["B", "KB", "MB", "GB", "TB", "PB"]
        while value >= 999.5, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        let text =
            unit == 0 || value >= 9.95 ? String(Int(value.rounded())) : String((value * 10).rounded() / 10)
        return "\(text) \(units[unit])"
    }

    /// A duration for people: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`.
    ///
    /// - Parameter seconds: non-negative; anything else gives `?`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        if seconds < 9.95 { return "\(Double((seconds * 10).rounded()) / 10) s" }
        let whole = Int(seconds.rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
        return "\(whole / 3600) h \(two(whole % 3600 / 60)) min"
    }
}
