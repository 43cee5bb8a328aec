import System
import Text

/// Colours, on a terminal that wants them.
struct Style: Sendable {
    let isColoured: Bool

    static let standardError = Style(for: .error)
    static let standardOutput = Style(for: .output)

    init(for stream: StandardStream) {
        isColoured = stream.takesEscapes && !StandardStream.refusesColours
    }

    private func wrap(_ code: Int, _ text: String) -> String {
        isColoured ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }

    func red(_ text: String) -> String { wrap(31, text) }
    func green(_ text: String) -> String { wrap(32, text) }
    func yellow(_ text: String) -> String { wrap(33, text) }
    func cyan(_ text: String) -> String { wrap(36, text) }
    func dim(_ text: String) -> String { wrap(2, text) }
    func bold(_ text: String) -> String { wrap(1, text) }
}
