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
            let paths = found.map { Paths.absolute($0) }.sorted(by: ByteOrder.naturallyLess)
            try push(.list(paths.map(Value.string)), stack)
            return 1
        }
        add("csv") { [unowned self] stack in
            let (path, bytes) = try read(stack, "xpm.csv")
            let rows: [(line: Int, fields: [String])]
            do throws(CSVReader.Malformed) { rows = try CSVReader.rows(of: bytes) } catch {
                throw ScriptError("\(Paths.shown(path)):\(error.line): \(error.problem)")
            }
            guard let head = rows.first?.fields else {
                throw ScriptError("\(Paths.shown(path)): it has no line of names")
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
                    zip(head, row.fields).compactMap { name, text in
                        Self.cell(text).map { .init(key: .string(name), value: $0) }
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

    /// A number or a bool where it is written as one; nothing for an empty field.
    private static func cell(_ text: String) -> Value? {
        switch try? PlainScalar(text) {
        case .bool(let value)?: .bool(value)
        case .int(let value)?: .int(value)
        case .float(let value)? where !value.isNaN: .float(value)
        case .null? where text.isEmpty: nil
        default: .string(text)
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
