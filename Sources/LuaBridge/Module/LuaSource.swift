import Text

/// Lua source text.
enum LuaSource {
    /// Whether a line is `local function run(` or `local run =`.
    static func declaresLocalRun(_ line: ArraySlice<UInt8>) -> Bool {
        let words = String(decoding: line, as: UTF8.self).replacing("(", with: " ( ").replacing(
            "=", with: " = "
        )
        .split(separator: " ")
        return words.starts(with: ["local", "function", "run", "("])
            || words.starts(with: ["local", "run", "="])
    }

    /// Without the text of a first line that begins with `#`, which is for the kernel; its line feed stays.
    static func withoutHashLine(_ content: [UInt8]) -> [UInt8] {
        guard content.first == UInt8(ascii: "#") else { return content }
        return Array(content.drop { $0 != UInt8(ascii: "\n") })
    }

    /// The names that stand after `local` and `function`, in the order of the text.
    static func definedNames(in text: [UInt8]) -> [String] {
        func isOfName(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        }
        let words = text.split { !isOfName($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
        var names: [String] = []
        var isDefining = false
        for word in words {
            switch String(decoding: word, as: UTF8.self) {
            case "local", "function": isDefining = true
            case ",": break
            case let name where isDefining:
                names += name.split(separator: ",").map(String.init)
                isDefining = name.hasSuffix(",")
            default: break
            }
        }
        return names
    }
}
