import Glibc
import Text

/// An axis: which place a value has, from 0 to 1, and where it is marked.
package struct Scale: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case linear
        case logarithmic
        /// Texts, at equal distances.
        case categories([String])
    }

    package struct Tick: Sendable, Equatable {
        package let place: Double
        package let label: String

        package init(place: Double, label: String) {
            self.place = place
            self.label = label
        }
    }

    package let kind: Kind
    private let low: Double
    private let high: Double
    /// Whether it is one of whole numbers, between which nothing is marked.
    private let isWhole: Bool
    /// What is taken from the labels of numbers that lie close together far from 0.
    private let offset: Double

    /// The largest number of a linear axis: beyond, distances may be infinite.
    private static let most = 1e300

    /// Whether an axis can have a value.
    package static func holds(_ value: Double, logarithmic: Bool) -> Bool {
        logarithmic ? value.isFinite && value > 0 : abs(value) <= most
    }

    /// An axis of numbers.
    ///
    /// - Parameters:
    ///   - values: those that are to be on it; numbers that are not finite are left out, and on a logarithmic
    ///     axis those up to 0.
    ///   - isTight: whether it ends at the last value, not a little beyond.
    ///   - isWhole: whether there are no marks between whole numbers; nil where all values are such, and lie
    ///     far enough apart.
    ///   - from: where it begins; nil for the least value. To `to`, its end.
    package init(
        _ values: [Double], logarithmic: Bool = false, isTight: Bool = false, isWhole areInts: Bool? = nil,
        from: Double? = nil, to: Double? = nil
    ) {
        let usable = values.filter { Self.holds($0, logarithmic: logarithmic) }
        var (least, most) = (usable.min() ?? (logarithmic ? 1 : 0), usable.max() ?? (logarithmic ? 10 : 1))
        if logarithmic {
            kind = .logarithmic
            (isWhole, offset) = (false, 0)
            let ends = (
                from: from.map { max($0, .leastNormalMagnitude) },
                to: to.map { max($0, .leastNormalMagnitude) }
            )
            (least, most) = (
                ends.from ?? min(least, ends.to ?? least), ends.to ?? max(most, ends.from ?? most)
            )
            let (a, b) = (log10(min(least, most)), log10(max(least, most)))
            let room = a == b ? 0.3 : isTight ? 0 : (b - a) * 0.04
            (low, high) = (from == nil ? a - room : a, to == nil ? b + room : b)
            return
        }
        kind = .linear
        isWhole = areInts ?? (most - least >= 2 && usable.allSatisfy { $0 == $0.rounded() })
        (least, most) = (from ?? min(least, to ?? least), to ?? max(most, from ?? most))
        if least == most {
            let room = abs(least) < 1e-300 ? 1 : isWhole ? max(1, abs(least) * 1e-9) : abs(least) * 0.1
            (least, most) = (from ?? (least - room), to ?? (most + room))
        }
        let room = isTight ? 0 : (most - least) * 0.04
        (low, high) = (from == nil ? least - room : least, to == nil ? most + room : most)
        offset = Self.offset(low, high)
    }

    /// A round number from which values lie less than a thousandth of it away; 0 for others.
    private static func offset(_ low: Double, _ high: Double) -> Double {
        let size = max(abs(low), abs(high))
        guard size >= 1e5 || size < 1e-3 || high - low < size * 1e-6, high - low < size * 1e-3, low * high > 0
        else { return 0 }
        let power = pow(10, Double(NumberText.exponent(high - low) + 1))
        let offset = (low / power).rounded(low < 0 ? .up : .down) * power
        return offset.isFinite ? offset : 0
    }

    /// What the name of the axis says of its labels: ` − 1e9`; empty for most.
    package var offsetText: String {
        offset == 0
            ? ""
            : " \(offset < 0 ? "+" : "−") \(Self.label(abs(offset), NumberText.exponent(high - low) + 1))"
    }

    package var isOfCategories: Bool { if case .categories = kind { true } else { false } }

    package init(categories: [String]) {
        kind = .categories(categories)
        (isWhole, offset) = (true, 0)
        low = -0.5
        high = Double(max(1, categories.count)) - 0.5
    }

    /// The place of a number, or of the category of that number; nil for one that the axis cannot have.
    package func place(_ value: Double) -> Double? {
        guard value.isFinite else { return nil }
        if kind == .logarithmic {
            return value > 0 ? (log10(value) - low) / (high - low) : nil
        }
        return abs(value) <= Self.most * 2 ? (value - low) / (high - low) : nil
    }

    /// About so many marks, at round numbers.
    package func ticks(about count: Int = 6) -> [Tick] {
        switch kind {
        case .categories(let names):
            return names.enumerated().compactMap { index, name in
                place(Double(index)).map { Tick(place: $0, label: name) }
            }
        case .linear: return linearTicks(count)
        case .logarithmic: return logarithmicTicks(count)
        }
    }

    private func linearTicks(_ count: Int) -> [Tick] {
        let round = Self.roundStep((high - low) / Double(max(1, count)))
        let step = isWhole ? max(1, round) : round
        let exponent = NumberText.exponent(step)
        // Counted from the offset: beyond it a step may be less than a float can tell.
        let first = ((low - offset) / step).rounded(.up)
        return (0...(count * 3)).compactMap { index in
            let value = (first + Double(index)) * step
            guard value + offset <= high + step * 1e-9, let place = place(value + offset) else { return nil }
            return Tick(place: place, label: Self.label(value, exponent))
        }
    }

    /// 1, 2 or 5 times a power of ten, about as large or larger.
    private static func roundStep(_ least: Double) -> Double {
        let power = NumberText.power(NumberText.exponent(least))
        return ([1, 2, 5, 10].first { $0 * power >= least * 0.85 } ?? 10) * power
    }

    /// - Parameter step: the exponent of the distance of two marks.
    private static func label(_ value: Double, _ step: Int) -> String {
        if abs(value) < NumberText.power(step) / 1000 { return "0" }
        if step >= -5, abs(value) < 1e6 { return NumberText.fixed(value, decimals: max(0, -step)) }
        // 2.5e7, with the digits that tell two marks apart.
        let exponent = NumberText.exponent(value)
        let digits = min(15, max(0, exponent - step))
        var mantissa = NumberText.fixed(NumberText.mantissa(value, exponent), decimals: digits)
        while mantissa.contains("."), let last = mantissa.last, last == "0" || last == "." {
            mantissa.removeLast()
            if last == "." { break }
        }
        return "\(mantissa)e\(exponent)"
    }

    private func logarithmicTicks(_ count: Int) -> [Tick] {
        let decades = high - low
        // Each decade, some of them, or within few decades also 2 and 5 times.
        let stride = max(1, Int((decades / Double(count)).rounded(.up)))
        let factors: [Double] = decades < 2 ? [1, 2, 5] : [1]
        var found: [Tick] = []
        for power in Int(low.rounded(.down))...Int(high.rounded(.up)) where power % stride == 0 || decades < 2
        {
            for factor in factors {
                let value = factor * NumberText.power(power)
                guard let place = place(value), (-1e-9...1 + 1e-9).contains(place) else { continue }
                found.append(Tick(place: place, label: Self.power(factor, power)))
            }
        }
        if found.count >= 2 { return found }
        // Within one decade round numbers are better than none.
        let (a, b) = (pow(10, low), pow(10, high))
        let linear = Scale([a, b], isTight: true, isWhole: false)
        return linear.linearTicks(count).compactMap { tick in
            place(a + tick.place * (b - a)).map { Tick(place: $0, label: tick.label) }
        }
    }

    private static func power(_ factor: Double, _ power: Int) -> String {
        if (-3...4).contains(power) {
            return NumberText.significant(factor * NumberText.power(power), digits: 1)
        }
        return "\(Int(factor))e\(power)"
    }

    /// Whether values that lie so far apart are better read on a logarithmic axis.
    package static func suggestsLogarithm(_ values: [Double]) -> Bool {
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let most = finite.max(), least > 0, Set(finite).count > 2 else {
            return false
        }
        return most / least >= 50
    }
}

extension [Scale.Tick] {
    /// So many of them as can be read.
    ///
    /// - Parameters:
    ///   - room: in pixels.
    ///   - each: what one takes of it.
    func thinned(to room: Double, each: Double) -> [Scale.Tick] {
        let step = Swift.max(1, Int((Double(count) * each / Swift.max(1, room)).rounded(.up)))
        return stride(from: 0, to: count, by: step).map { self[$0] }
    }

    /// With labels that are cut to a width, in pixels.
    func fitted(_ most: Double, size: Double = 12) -> [Scale.Tick] {
        zip(self, Drawing.fit(map(\.label), most, size: size)).map { Scale.Tick(place: $0.place, label: $1) }
    }
}
