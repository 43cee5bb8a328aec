import Glibc
import Model
import Text

/// What a parameter of `random:` draws from: `{ uniform: [0, 1] }`, `{ loguniform: [1e-5, 1] }`, `{ integers:
/// [1, 100] }`, or a list.
enum SweepDraw {
    case uniform(Double, Double)
    case loguniform(Double, Double)
    case integers(Int64, Int64)
    case one([Setting])

    private static let names = ["uniform", "loguniform", "integers"]

    /// A parameter, or those in a map that is a way further down.
    static func leaves(of field: Setting.Field) -> [Setting.Field] {
        guard let inner = field.value.fields, !inner.isEmpty, !SweepRange.isRange(field.value),
            inner.contains(where: { $0.value.fields != nil })
        else { return [field] }
        return inner.flatMap { one in
            let way = "\(field.key).\(SettingPath.step(one.key))"
            return leaves(of: .init(key: way, value: one.value, place: one.place))
        }
    }

    init(_ setting: Setting, _ path: String) throws(SettingError) {
        guard let fields = setting.fields, fields.count == 1, !SweepRange.isRange(setting) else {
            self = .one(try SweepRange.values(of: setting, path))
            return
        }
        let name = fields[0].key
        guard Self.names.contains(name) else {
            throw SettingError(
                "\(path): there is no '\(name)'\(Suggestion.hint(for: name, among: Self.names)): \(Self.names.joined(separator: ", "))",
                at: setting.origin)
        }
        let bounds: [Double] =
            if case .list(let values) = fields[0].value.content {
                values.compactMap { JSON(plain: $0.value).number }.filter(\.isFinite)
            } else { [] }
        guard bounds.count == 2, bounds[0] < bounds[1], name != "loguniform" || bounds[0] > 0 else {
            throw SettingError(
                "\(path): \(name): expected [low, high]\(name == "loguniform" ? ", above 0" : "")",
                at: fields[0].value.origin)
        }
        if name == "uniform", !(bounds[1] - bounds[0]).isFinite {
            throw SettingError(
                "\(path): uniform: from \(NumberText.lua(bounds[0])) to \(NumberText.lua(bounds[1])) is further than a float can tell",
                at: fields[0].value.origin)
        }
        switch name {
        case "uniform": self = .uniform(bounds[0], bounds[1])
        case "loguniform": self = .loguniform(bounds[0], bounds[1])
        default:
            guard let low = Int64(exactly: bounds[0]), let high = Int64(exactly: bounds[1]),
                bounds[1] - bounds[0] < 9_007_199_254_740_992
            else {
                throw SettingError(
                    "\(path): integers: expected two integers, at most 2^53 apart", at: fields[0].value.origin
                )
            }
            self = .integers(low, high)
        }
    }

    /// - Parameter part: from 0, below 1.
    func value(at part: Double) -> Setting.Content {
        switch self {
        case .uniform(let low, let high): .float(RandomDraw.uniform(low, high, part))
        case .loguniform(let low, let high): .float(RandomDraw.loguniform(low, high, part))
        case .integers(let low, let high): .int(RandomDraw.integer(low, high, part))
        case .one(let values): values[RandomDraw.index(below: values.count, part)].content
        }
    }
}
