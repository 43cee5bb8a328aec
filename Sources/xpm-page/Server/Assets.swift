import CPage
import HTTPTypes
import Text

/// What the page needs besides itself, embedded in the program.
enum Assets {
    static func answer(_ name: String) throws(Refusal) -> Answer {
        switch name {
        case "page.css": Answer(type: "text/css; charset=utf-8", bytes: style)
        case "page.js": Answer(type: "text/javascript; charset=utf-8", bytes: script)
        case "events.js": Answer(type: "text/javascript; charset=utf-8", bytes: events)
        case "icon.svg": Answer(type: "image/svg+xml", bytes: Array(icon.utf8))
        default: throw Refusal(.notFound, "There is nothing of that name.")
        }
    }

    private static let icon =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><rect width=\"16\" height=\"16\" rx=\"3\" fill=\"#0b5cad\"/><path d=\"M4 4l8 8M12 4l-8 8\" stroke=\"#fff\" stroke-width=\"2\"/></svg>"
    private static let style = unsafe bytes(xpage_style)
    private static let events = unsafe bytes(xpage_events)
    private static let script = unsafe bytes(xpage_script)

    private static func bytes(
        _ embedded: (UnsafeMutablePointer<Int>) -> UnsafePointer<CChar>
    ) -> [UInt8] {
        var count = 0
        let start = unsafe embedded(&count)
        return unsafe UnsafeBufferPointer(start: start, count: count).map { UInt8(bitPattern: $0) }
    }
}
