package import Text

/// A variable of an environment, of a shell's name.
package struct EnvironmentVariable: Equatable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Variables as an object.
    package static func json(_ variables: [EnvironmentVariable]) -> JSON {
        .object(variables.map { .init($0.name, .string($0.value)) })
    }

    /// - Returns: none for what is no object; values that are no texts are left out.
    package static func list(_ json: JSON?) -> [EnvironmentVariable] {
        guard case .object(let members)? = json else { return [] }
        return members.compactMap { member in
            member.value.string.map { EnvironmentVariable(name: member.name, value: $0) }
        }
    }

    /// Whether a shell can have a variable of that name: letters, digits and `_`, not a digit first.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || $0 == 0x5f
        }
    }
}
