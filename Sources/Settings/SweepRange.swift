import Glibc
import Model
import Text

/// The forms of many values: a list; with both ends `closed_range: [1, 5, 2]` and `linspace: [0, 1, 5]`; and
/// experimaestro's, which mean what they mean there: `range`, or `values_range`, as Python's, without its end,
/// `range_mult`, or `values_mult`, `values_list`, `value`.
enum SweepRange {
    private static let names = [
        "closed_range", "linspace", "range", "values_range", "range_mult", "values_mult", "values_list",
        "value",
    ]

    static func isRange(_ setting: Setting) -> Bool {
        setting.fields.map { $0.count == 1 && names.contains($0[0].key) } ?? false
    }

    /// What a map that is nearly a range was probably meant to be.
    static func misspelt(_ setting: Setting) -> String? {
        guard let fields = setting.fields, !isRange(setting) else { return nil }
        let forms = fields.map(\.key).filter { names.contains($0) && $0 != "value" }
        if forms.count > 1 { return "a parameter has one form of values: \(forms.joined(separator: " or "))" }
        guard fields.count == 1, case .list = fields[0].value.content else { return nil }
        if ["uniform", "loguniform", "integers"].contains(fields[0].key) {
            return "'\(fields[0].key)' draws at random: it stands in random: { n: 20, … }"
        }
        guard let nearest = Suggestion.nearest(to: fields[0].key, among: names) else { return nil }
        return "there is no '\(fields[0].key)' (did you mean '\(nearest)'?)"
    }

    /// The values of a list or a range; a single value alone.
    static func values(of setting: Setting, _ path: String) throws(SettingError) -> [Setting] {
        switch setting.content {
        case .list(let values):
            if values.isEmpty { throw SettingError("\(path): there are no values", at: setting.origin) }
            return values
        case .map where isRange(setting): return try range(setting, path)
        default: return [setting]
        }
    }

    private static func range(_ setting: Setting, _ path: String) throws(SettingError) -> [Setting] {
        guard let field = setting.fields?.first else { return [] }
        let origin = field.value.origin
        func fail(_ problem: String) -> SettingError {
            SettingError("\(path): \(field.key): \(problem)", at: origin)
        }
        if field.key == "value" { return [field.value] }
        if field.key == "values_list" {
            guard case .list(let values) = field.value.content, !values.isEmpty else {
                throw fail("expected a list of values, got \(field.value.told)")
            }
            return values
        }
        guard case .list(let parts) = field.value.content else {
            throw fail("expected a list of numbers, got \(field.value.told)")
        }
        var numbers: [Double] = []
        for part in parts {
            guard let number = JSON(plain: part.value).number, number.isFinite else {
                throw SettingError(
                    "\(path): \(field.key): expected a number, got \(part.told)", at: part.origin)
            }
            numbers.append(number)
        }
        let areInts = parts.allSatisfy { if case .int = $0.content { true } else { false } }
        func settings(_ values: [Double], asInts: Bool) -> [Setting] {
            values.map { value in
                let whole = asInts ? Int64(exactly: value) : nil
                return Setting(whole.map(Setting.Content.int) ?? .float(value), origin: origin)
            }
        }
        switch field.key {
        case "range", "values_range":
            guard areInts, (1...3).contains(parts.count) else {
                throw fail(
                    "it counts whole numbers as Python's range, without its end; closed_range: [first, last, step] has both ends, linspace: [first, last, n] so many numbers"
                )
            }
            return try counted(parts.compactMap(\.whole), fail).map { Setting(.int($0), origin: origin) }
        case "closed_range":
            guard (2...3).contains(numbers.count) else {
                throw fail("expected [first, last] or [first, last, step]")
            }
            if areInts {
                let ints = parts.compactMap { if case .int(let value) = $0.content { value } else { nil } }
                return try stepped(ints[0], ints[1], by: ints.count > 2 ? ints[2] : 1, fail).map {
                    Setting(.int($0), origin: origin)
                }
            }
            let values = try stepped(numbers[0], numbers[1], by: numbers.count > 2 ? numbers[2] : 1, fail)
            return settings(values, asInts: false)
        case "linspace":
            guard numbers.count == 3, let count = parts.last?.whole,
                (2...100_000).contains(count)
            else { throw fail("expected [first, last, n], with n from 2") }
            let values = NumberList.linspace(numbers[0], numbers[1], Int(count))
            return settings(values, asInts: areInts && values.allSatisfy { $0 == $0.rounded() })
        default:
            guard numbers.count == 3, let count = parts[1].whole, (1...100_000).contains(count)
            else {
                throw fail("expected [first, n, factor], with n from 1")
            }
            guard numbers[0] != 0, numbers[2] != 0, numbers[2] != 1 || count == 1 else {
                throw fail("all its values would be the same")
            }
            let values = NumberList.multiples(of: numbers[0], by: numbers[2], Int(count))
            guard values.allSatisfy(\.isFinite) else { throw fail("its values are too large") }
            return settings(values, asInts: areInts)
        }
    }

    /// Python's `range(end)`, `range(start, end)` and `range(start, end, step)`.
    private static func counted(
        _ numbers: [Int64], _ fail: (String) -> SettingError
    ) throws(SettingError) -> [Int64] {
        let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw fail("a step of 0 leads nowhere") }
        guard start != end, (start < end) == (step > 0) else { throw fail("there are no values") }
        return try stepped(start, step > 0 ? end - 1 : end + 1, by: step, fail)
    }

    /// Numbers from one to another, both among them.
    static func stepped(
        _ first: Double, _ last: Double, by step: Double, _ fail: (String) -> SettingError
    ) throws(SettingError) -> [Double] {
        guard step != 0 else { throw fail("a step of 0 leads nowhere") }
        guard (last - first) / step >= -1e-9 else {
            throw fail(
                NumberList.astray(
                    NumberText.lua(first), NumberText.lua(last), NumberText.lua(step),
                    back: NumberText.lua(-step)))
        }
        guard let values = NumberList.range(first, last, by: step) else {
            throw fail("there are too many values")
        }
        return values
    }

    /// Whole numbers from one to another, exactly.
    static func stepped(
        _ first: Int64, _ last: Int64, by step: Int64, _ fail: (String) -> SettingError
    ) throws(SettingError) -> [Int64] {
        guard step != 0 else { throw fail("a step of 0 leads nowhere") }
        guard first == last || (first < last) == (step > 0) else {
            let back = step == .min ? "-1" : "\(-step)"
            throw fail(NumberList.astray("\(first)", "\(last)", "\(step)", back: back))
        }
        let (width, overflow) = last.subtractingReportingOverflow(first)
        guard !overflow, width.magnitude / step.magnitude < 1_000_000 else {
            throw fail("there are too many values")
        }
        return (0...(width / step)).map { first + $0 * step }
    }
}
