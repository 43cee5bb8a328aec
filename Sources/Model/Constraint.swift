import Text

/// What a value must satisfy beyond its type.
package struct Constraint {
    /// Least and greatest number, inclusive.
    package var least: Double?
    package var greatest: Double?
    /// The values allowed.
    package var choices: [Value]?
    /// What a string must match.
    package var pattern: Pattern?

    /// A pattern of the script's language, and how to match it.
    package struct Pattern {
        package let text: String
        package let matches: (String) -> Bool

        package init(_ text: String, matches: @escaping (String) -> Bool) {
            self.text = text
            self.matches = matches
        }
    }

    package init() {}

    /// Whether it allows every value.
    package var isEmpty: Bool { least == nil && greatest == nil && choices == nil && pattern == nil }

    /// What a value had to be, or nil.
    package func complaint(about value: Value) -> String? {
        let number: Double? =
            switch value {
            case .int(let value): Double(value)
            case .float(let value): value
            default: nil
            }
        if let number, let least, number < least { return "at least \(Self.short(least))" }
        if let number, let greatest, number > greatest { return "at most \(Self.short(greatest))" }
        if let choices, !choices.contains(value) {
            return "one of " + choices.map(\.told).joined(separator: ", ")
        }
        if let pattern, case .string(let text) = value, !pattern.matches(text) {
            return "a match of the pattern \"\(pattern.text)\""
        }
        return nil
    }

    /// What of it can say nothing of a type, and of what it can.
    package func misfit(with type: ParameterType) -> String? {
        let element =
            switch type {
            case .list, .set, .map:
                "; within the type it is of each element, as xpm.list(xpm.int { min = 1 })"
            default: ""
            }
        if least != nil || greatest != nil, !type.canBeNumber {
            return "\(least != nil ? "min" : "max") is for numbers, not for \(type.title)\(element)"
        }
        if pattern != nil, !type.canBeText {
            return "pattern is for strings, not for \(type.title)\(element)"
        }
        return nil
    }

    /// `from 1 to 10, one of 1, 2`: for descriptions.
    package var told: String? {
        var parts: [String] = []
        switch (least, greatest) {
        case (let least?, let greatest?): parts.append("\(Self.short(least)) to \(Self.short(greatest))")
        case (let least?, nil): parts.append("at least \(Self.short(least))")
        case (nil, let greatest?): parts.append("at most \(Self.short(greatest))")
        case (nil, nil): break
        }
        if let choices { parts.append("one of " + choices.map(\.plainText).joined(separator: ", ")) }
        if let pattern { parts.append("matches \"\(pattern.text)\"") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private static func short(_ bound: Double) -> String {
        Int64(exactly: bound).map(String.init) ?? NumberText.lua(bound)
    }
}

extension ParameterType {
    fileprivate var canBeNumber: Bool {
        switch self {
        case .int, .float, .any: true
        case .optional(let inner), .constrained(let inner, _): inner.canBeNumber
        case .union(let types): types.contains { $0.canBeNumber }
        default: false
        }
    }

    fileprivate var canBeText: Bool {
        switch self {
        case .string, .path, .any: true
        case .optional(let inner), .constrained(let inner, _): inner.canBeText
        case .union(let types): types.contains { $0.canBeText }
        default: false
        }
    }
}
