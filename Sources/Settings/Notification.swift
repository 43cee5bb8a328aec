package import Model
import Text

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
    ///
    /// - Throws: that it is neither.
    package init(_ text: String) throws(ValueError) {
        if text.isBlank { throw ValueError(.refused("notify: the command is empty")) }
        let scheme = text.prefix(ofBytes: \.isLetter)
        guard !scheme.isEmpty, text[scheme.endIndex...].hasPrefix("://") else {
            self.init(.command(text))
            return
        }
        guard ["http", "https"].contains(scheme) else {
            throw ValueError(
                .refused("notify: '\(text)': an address starts with http:// or https://, a command does not"))
        }
        self.init(.url(text))
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
        if case .string(let text) = setting.content { return try one(text, at: setting.origin) }
        try UserSettings.refuseUnknown(["command", "url", "on"], in: setting, of: "notify")
        var notification: Notification
        switch (setting["command"]?.content, setting["url"]?.content) {
        case (.string(let command)?, nil) where !command.isBlank:
            notification = Notification(.command(command))
        case (nil, .string(let url)?): notification = try address(url, at: setting.origin)
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

    private static func one(
        _ text: String, at origin: Setting.Origin
    ) throws(SettingError) -> Notification {
        do throws(ValueError) { return try Notification(text) } catch {
            throw SettingError(error.text, at: origin)
        }
    }

    private static func address(
        _ text: String, at origin: Setting.Origin
    ) throws(SettingError) -> Notification {
        let notification = try one(text, at: origin)
        guard case .url = notification.target else {
            throw SettingError("url: '\(text)' does not begin with http:// or https://", at: origin)
        }
        return notification
    }
}
