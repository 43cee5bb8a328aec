import Model
import Store
import System
import Text

/// `xpm.glob`, `xpm.csv` and `xpm.json`: what a plan is made from, kept with the run as the script is. Names
/// are relative to the folder of the Lua file that calls.
extension XpmModule {
    /// The most bytes of a file that is read into a script.
    private static let largest = 256 << 20

    func addReadingFunctions() {
        add("glob") { [unowned self] stack in
            guard let pattern = stack.string(1), !pattern.isEmpty else {
                throw ScriptError("xpm.glob needs a pattern, such as \"data/*.csv\"")
            }
            let isAbsolute = pattern.hasPrefix("/")
            let folder = isAbsolute ? "/" : callerFolder(stack)
            let found: [String]
            do throws(SystemError) {
                found = try SourceTree.files(
                    matching: isAbsolute ? String(pattern.dropFirst()) : pattern, in: folder)
            } catch { throw ScriptError("xpm.glob: \(error.text)") }
            if found.isEmpty {
                warn(at: stack, "xpm.glob: nothing fits '\(pattern)' in \(Paths.shown(folder))")
            }
            let paths = found.map { Paths.absolute($0) }.sorted(by: ByteOrder.naturallyLess)
            try push(.list(paths.map(Value.string)), stack)
            return 1
        }
        add("csv") { [unowned self] stack in
            let (path, bytes) = try read(stack, "xpm.csv")
            let rows: [(line: Int, fields: [CSVReader.Field])]
            do throws(CSVReader.Malformed) { rows = try CSVReader.rows(of: bytes) } catch {
                throw ScriptError("\(Paths.shown(path)):\(error.line): \(error.problem)")
            }
            guard let head = rows.first?.fields.map(\.text) else {
                throw ScriptError("\(Paths.shown(path)): it has no line of names")
            }
            if head.count == 1, let sign = [";", "\t"].first(where: { head[0].contains($0) }) {
                throw ScriptError(
                    "\(Paths.shown(path)):1: its fields are separated by \(sign == ";" ? "';'" : "tabs"), not by commas"
                )
            }
            guard TextSet(head).count == head.count else {
                throw ScriptError("\(Paths.shown(path)):1: two columns have one name")
            }
            let tables = try rows.dropFirst().map { row -> Value in
                guard row.fields.count == head.count else {
                    throw ScriptError(
                        "\(Paths.shown(path)):\(row.line): \(row.fields.count) fields, and \(head.count) names in the first line"
                    )
                }
                return .map(
                    zip(head, row.fields).compactMap { name, field in
                        Self.cell(field).map { .init(key: .string(name), value: $0) }
                    })
            }
            try push(.list(tables), stack)
            return 1
        }
        add("json") { [unowned self] stack in
            let (path, bytes) = try read(stack, "xpm.json")
            let json: JSON
            do throws(JSONError) { json = try JSON.parse(bytes) } catch {
                let line = bytes.prefix(error.offset).count { $0 == 0x0a } + 1
                throw ScriptError("\(Paths.shown(path)):\(line): \(error.problem)")
            }
            try push(json.value, stack)
            return 1
        }
    }

    /// A number or a bool where it is written as one; a text where it is quoted; nothing for an empty field.
    private static func cell(_ field: CSVReader.Field) -> Value? {
        if field.isQuoted { return .string(field.text) }
        let text = field.text
        // `007` and `1_0` are names.
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        let isPlain =
            digits.allSatisfy { $0.isDigit || "+-.eE".utf8.contains($0) }
            && !(digits.starts(with: "0".utf8) && digits.dropFirst().first?.isDigit ?? false)
        switch try? PlainScalar(text) {
        case .bool(let value)?: return .bool(value)
        case .int(let value)? where isPlain: return .int(value)
        case .float(let value)? where isPlain && value.isFinite: return .float(value)
        case .null? where text.isEmpty: return nil
        default: return .string(text)
        }
    }

    private func callerFolder(_ stack: LuaStack) -> String {
        stack.place().map { folderOfReader($0.source) } ?? baseFolder
    }

    private func read(_ stack: LuaStack, _ word: String) throws -> (path: String, bytes: [UInt8]) {
        guard let name = stack.string(1), !name.isEmpty else {
            throw ScriptError("\(word) needs the name of a file")
        }
        let path = Paths.absolute(name, from: callerFolder(stack))
        do throws(SystemError) {
            let bytes = try Files.readAnything(path, limit: Self.largest)
            try wasRead(path, bytes)
            return (path, bytes)
        } catch { throw ScriptError("\(word): \(Paths.shown(path)): \(SystemError.message(error.code))") }
    }
}
