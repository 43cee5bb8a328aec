import Glibc
import Text

/// The variables that a process is started with: bytes, which need not be UTF-8.
package struct EnvironmentBlock: Sendable {
    /// `NAME=value` each, without the NUL at the end.
    let entries: [[CChar]]

    /// Those of this process.
    package static var current: EnvironmentBlock {
        var found: [[CChar]] = []
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            found.append(unsafe Array(UnsafeBufferPointer(start: text, count: strlen(text))))
            unsafe entry += 1
        }
        return EnvironmentBlock(entries: found)
    }

    /// These variables with others set or replaced.
    package func setting(_ changes: [(name: String, value: String)]) -> EnvironmentBlock {
        let replaced = TextSet(changes.map(\.name))
        return EnvironmentBlock(
            entries: removing(replaced.contains).entries
                + changes.map { "\($0.name)=\($0.value)".utf8.map { CChar(bitPattern: $0) } })
    }

    /// These variables but some.
    ///
    /// - Parameter isLeftOut: told each name.
    package func removing(_ isLeftOut: (String) -> Bool) -> EnvironmentBlock {
        EnvironmentBlock(
            entries: entries.filter { entry in
                let name = entry.prefix { $0 != CChar(UInt8(ascii: "=")) }.map { UInt8(bitPattern: $0) }
                return !isLeftOut(String(decoding: name, as: UTF8.self))
            })
    }
}
