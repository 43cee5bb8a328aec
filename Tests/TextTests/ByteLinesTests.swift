import Testing
import Text

@Suite("Lines of bytes", .timeLimit(.minutes(20)))
struct ByteLinesTests {
    @Test("lines, their count and parts are those that a search byte by byte finds")
    func lines() {
        var random = SystemRandomNumberGenerator()
        let signs: [UInt8] = [0x0a, 0x61, 0x62]
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<40, using: &random)
            let bytes = (0..<count).map { _ in signs[Int.random(in: 0..<3, using: &random)] }
            let slice = bytes[min(2, bytes.count)...]
            let split = slice.split(separator: UInt8(ascii: "\n"))
            #expect(slice.lines.elementsEqual(split, by: { $0.elementsEqual($1) }))
            #expect(slice.lineEnd == slice.firstIndex(of: UInt8(ascii: "\n")))
            #expect(slice.lineCount == slice.count { $0 == UInt8(ascii: "\n") })
            let text = String(decoding: slice, as: UTF8.self)
            for part in ["", "a", "ab", "ba\n", "aabb", "\n\n"] {
                #expect(slice.contains(part.utf8) == (part.isEmpty || text.contains(part)), "\(text) \(part)")
            }
        }
    }
}
