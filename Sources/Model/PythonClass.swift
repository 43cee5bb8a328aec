import Text

/// A class of a Python package, as `module:Class` names it.
package struct PythonClass: Equatable {
    package let module: String
    /// The class in its module: `Class`, or `Outer.Inner`.
    package let name: String

    /// - Returns: nil for a text that is no `package.module:Class`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ Self.isDotted($0) }) else { return nil }
        module = String(parts[0])
        name = String(parts[1])
    }

    /// `package.module.Class`
    package var path: String { "\(module).\(name)" }

    private static func isDotted(_ text: Substring) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.unicodeScalars.first else { return false }
            return (first == "_" || first.properties.isAlphabetic)
                && part.unicodeScalars.allSatisfy {
                    $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
                }
        }
    }
}
