import CYAMLShim
package import Settings
import Text

/// Writes settings as YAML.
package enum YAMLText {
    /// The text, keys in their order; strings that would be read as something else are quoted.
    ///
    /// - Throws: where there is no memory for it.
    package static func write(_ setting: Setting) throws(SettingError) -> String {
        guard let writer = unsafe xyaml_writer_new() else { throw SettingError("no memory", at: .none) }
        defer { unsafe xyaml_writer_free(writer) }
        unsafe write(setting, to: writer)
        var count = 0
        guard let text = unsafe xyaml_finish(writer, &count) else {
            throw SettingError("it cannot be written as YAML", at: .none)
        }
        return unsafe String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    private static func write(_ setting: Setting, to writer: OpaquePointer) {
        func scalar(_ text: String, _ style: xyaml_style = XYAML_PLAIN) {
            var bytes = Array(text.utf8)
            let count = bytes.count
            // Never empty: C wants an address.
            bytes.append(0)
            unsafe xyaml_write_scalar(writer, bytes, count, style)
        }
        func text(_ text: String) { scalar(text, isPlain(text) ? XYAML_PLAIN : XYAML_QUOTED) }
        switch setting.content {
        case .null: scalar("null")
        case .bool(let value): scalar(value ? "true" : "false")
        case .int(let value): scalar(String(value))
        case .float(let value):
            scalar(
                value.isInfinite ? (value < 0 ? "-.inf" : ".inf") : value.isNaN ? ".nan" : value.description)
        case .string(let value): text(value)
        case .list(let values):
            unsafe xyaml_begin_list(writer, values.allSatisfy(\.isScalar))
            for value in values { unsafe write(value, to: writer) }
            unsafe xyaml_end_list(writer)
        case .map(let fields):
            unsafe xyaml_begin_map(writer)
            for field in fields {
                text(field.key)
                unsafe write(field.value, to: writer)
            }
            unsafe xyaml_end_map(writer)
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        if case .string = try? PlainScalar(text) { text != "<<" } else { false }
    }
}

extension Setting {
    fileprivate var isScalar: Bool {
        switch content {
        case .list, .map: false
        default: true
        }
    }
}
