/// Who is told of a run: `notify: [{ command: "…" }, { url: "https://…", on: [failure, end] }]`.
package struct Notification: Sendable, Equatable {
    package enum Occasion: String, Sendable, CaseIterable {
        /// The first failure of a run, at once.
        case failure
        /// The end of a run.
        case end
    }

    package enum Target: Sendable, Equatable {
        /// A text for `sh -c`; what happened is in its environment and, as JSON, its standard input.
        case command(String)
        /// An address that gets the JSON by POST.
        case url(String)
    }

    package var target: Target
    package var occasions: Set<Occasion>

    package init(_ target: Target, on occasions: Set<Occasion> = [.failure, .end]) {
        self.target = target
        self.occasions = occasions
    }

    /// As `--notify` takes it: an address, or else a command.
    package init(_ text: String) {
        let isAddress = text.hasPrefix("http://") || text.hasPrefix("https://")
        self.init(isAddress ? .url(text) : .command(text))
    }

    static func list(_ setting: Setting) throws(SettingError) -> [Notification] {
        guard case .list(let items) = setting.content else {
            throw SettingError("notify: expected a list, got \(setting.told)", at: setting.origin)
        }
        var found: [Notification] = []
        for item in items { found.append(try one(item)) }
        return found
    }

    private static func one(_ setting: Setting) throws(SettingError) -> Notification {
        if case .string(let text) = setting.content { return Notification(text) }
        try UserSettings.refuseUnknown(["command", "url", "on"], in: setting, of: "notify")
        var notification: Notification
        switch (setting["command"]?.content, setting["url"]?.content) {
        case (.string(let command)?, nil): notification = Notification(.command(command))
        case (nil, .string(let url)?): notification = Notification(.url(url))
        default: throw SettingError("notify: give command or url, as a text", at: setting.origin)
        }
        guard let on = setting["on"] else { return notification }
        var words: [Setting] = [on]
        if case .list(let list) = on.content { words = list }
        notification.occasions = []
        for word in words {
            guard case .string(let text) = word.content, let occasion = Occasion(rawValue: text) else {
                throw SettingError("on: expected failure or end, got \(word.told)", at: word.origin)
            }
            notification.occasions.insert(occasion)
        }
        return notification
    }
}
