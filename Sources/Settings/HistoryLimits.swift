import Text

/// How many runs of an experiment are kept: `history: { max_done: 5, max_failed: 2 }`.
package struct HistoryLimits: Sendable, Equatable {
    /// Runs that are done; nil keeps all.
    package var mostDone: Int?
    /// Runs that failed or were interrupted; nil keeps all.
    package var mostFailed: Int?

    package init(mostDone: Int? = nil, mostFailed: Int? = nil) {
        self.mostDone = mostDone
        self.mostFailed = mostFailed
    }

    /// - Throws: an unknown key or a value that is no number from 1, at its place.
    init(_ setting: Setting) throws(SettingError) {
        try UserSettings.refuseUnknown(["max_done", "max_failed"], in: setting, of: "history")
        mostDone = try Self.limit("max_done", in: setting)
        mostFailed = try Self.limit("max_failed", in: setting)
    }

    private static func limit(_ key: String, in setting: Setting) throws(SettingError) -> Int? {
        guard let value = setting[key], value.content != .null else { return nil }
        guard let count = value.whole, count >= 1, count <= 1 << 30 else {
            throw SettingError("\(key): expected a number from 1, got \(value.told)", at: value.origin)
        }
        return Int(count)
    }
}
