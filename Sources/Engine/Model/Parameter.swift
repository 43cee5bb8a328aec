/// One parameter of a config type.
package struct Parameter {
    package var name: String
    package var type: ParameterType
    /// The value of an object that gives none; nil where it must give one.
    package var defaultValue: Value?
    /// Whether a value equal to the default is left out of the identity, so that older results stay valid.
    package var ignoresDefault = false
    package var help: String?
    /// Whether it is left out of the identity.
    package var isMeta = false
    /// Whether no object may change it.
    package var isConstant = false
    /// The name of a path made inside the job's folder, in place of a value.
    package var jobPath: String?
    package var constraint = Constraint()

    package init(name: String, type: ParameterType) {
        self.name = name
        self.type = type
    }

    /// Whether an object without a value for it is complete.
    package var isRequired: Bool { defaultValue == nil && jobPath == nil && !acceptsAbsence }

    private var acceptsAbsence: Bool {
        if case .optional = type { true } else { false }
    }
}

/// What a value must satisfy beyond its type.
package struct Constraint {
    /// Least and greatest number, inclusive.
    package var least: Double?
    package var greatest: Double?
    /// The values allowed.
    package var choices: [Value]?
    /// A Lua pattern that a string must match; checked by the Lua side.
    package var pattern: String?

    package init() {}

    /// What is wrong with a value, or nil.
    package func complaint(about value: Value) -> String? {
        let number: Double? =
            switch value {
            case .int(let value): Double(value)
            case .float(let value): value
            default: nil
            }
        if let number, let least, number < least { return "at least \(short(least))" }
        if let number, let greatest, number > greatest { return "at most \(short(greatest))" }
        if let choices, !choices.contains(value) {
            return "one of " + choices.map(\.told).joined(separator: ", ")
        }
        return nil
    }

    private func short(_ bound: Double) -> String {
        Int64(exactly: bound).map(String.init) ?? NumberText.lua(bound)
    }
}
