import Glibc
import Model
import Text

/// Values that a configuration is to have one after the other: `grid_search:`, lists where the schema says
/// `xpm.sweep`, `--sweep` and `--zip`.
///
///     grid_search:
///       lr: { range_mult: [1e-4, 3, 10] }    # 1e-4, 1e-3, 1e-2
///       model.depth: { closed_range: [2, 6, 2] }    # 2, 4, 6
///       zip: { batch: [32, 64], epochs: [10, 20] }
///       random: { n: 20, seed: 7 }           # 20 of all these, picked at random
package struct ConfigurationSweep: Sendable, Equatable {
    /// Parameters that get their values together; the points are those of all axes in every combination.
    package struct Axis: Sendable, Equatable {
        package let paths: [String]
        /// For each step a value of each path.
        package let steps: [[Setting]]
        package let origin: Setting.Origin
        /// Whether it is given as a single value, which is no list that may grow.
        package let isConstant: Bool

        package init(
            paths: [String], steps: [[Setting]], origin: Setting.Origin, isConstant: Bool = false
        ) {
            self.paths = paths
            self.steps = steps
            self.origin = origin
            self.isConstant = isConstant
        }

        /// What is left where some of its parameters have their values from elsewhere; nil if nothing is.
        fileprivate func without(_ gone: [String]) -> Axis? {
            let kept = paths.indices.filter { !gone.contains(paths[$0]) }
            if kept.count == paths.count { return self }
            if kept.isEmpty { return nil }
            var seen: TextSet = []
            let left = steps.map { step in kept.map { step[$0] } }
            return Axis(
                paths: kept.map { paths[$0] },
                steps: left.filter { step in
                    seen.insert(step.map(\.json.text).joined(separator: "\n")).inserted
                }, origin: origin)
        }
    }

    /// One value of every swept parameter.
    package typealias Point = [(path: String, value: Setting)]

    package private(set) var axes: [Axis] = []
    /// How many of the points are taken, picked by a seed.
    package private(set) var sample: (count: Int, seed: UInt64)?

    /// Whether its axes stay in their order; else they are in that of their names.
    private var isInOrder = false

    package init() {}

    package static func == (left: Self, right: Self) -> Bool {
        left.axes == right.axes && left.sample?.count == right.sample?.count
            && left.sample?.seed == right.sample?.seed
    }

    package var isEmpty: Bool { axes.isEmpty }

    /// The most points that a sweep may have.
    package static let most = 1_000_000

    // MARK: Building

    /// Reads `grid_search:`.
    package init(_ setting: Setting) throws(SettingError) {
        guard let fields = setting.fields else {
            throw SettingError(
                "grid_search: expected names and their values, got \(setting.told)", at: setting.origin)
        }
        for field in fields where field.key != "random" {
            if field.key == "zip" {
                let groups: [Setting] =
                    if case .list(let values) = field.value.content { values } else { [field.value] }
                for group in groups { try add(Self.zip(group)) }
            } else {
                try add(field.key, field.value)
            }
        }
        if let random = setting["random"] { try add(random: random) }
    }

    /// Values below a name; a map that is no form of a range is a way further down.
    private mutating func add(_ path: String, _ setting: Setting) throws(SettingError) {
        if let fields = setting.fields, !fields.isEmpty, !SweepRange.isRange(setting) {
            if let hint = SweepRange.misspelt(setting) {
                throw SettingError("\(path): \(hint)", at: setting.origin)
            }
            for field in fields { try add("\(path).\(SettingPath.step(field.key))", field.value) }
            return
        }
        try add(Self.axis(path, setting))
    }

    /// The axis of one parameter, from a list, a range, or a single value.
    package static func axis(_ path: String, _ setting: Setting) throws(SettingError) -> Axis {
        guard let steps = SettingPath.steps(path), !steps.contains("") else {
            throw SettingError("'\(path)' names no parameter", at: setting.origin)
        }
        // One way has one text.
        let path = SettingPath.text(steps)
        if let hint = SweepRange.misspelt(setting) {
            throw SettingError("\(path): \(hint)", at: setting.origin)
        }
        var seen: TextSet = []
        let values = try SweepRange.values(of: setting, path).filter { seen.insert($0.json.text).inserted }
        let isConstant = if case .list = setting.content { false } else { !SweepRange.isRange(setting) }
        return Axis(
            paths: [path], steps: values.map { [$0] }, origin: setting.origin, isConstant: isConstant)
    }

    /// Parameters that get their first values together, then their second ones.
    package static func zip(_ setting: Setting) throws(SettingError) -> Axis {
        guard let fields = setting.fields, !fields.isEmpty else {
            throw SettingError(
                "zip: expected names and lists, got \(setting.told)", at: setting.origin)
        }
        var lists: [[Setting]] = []
        for field in fields { lists.append(try SweepRange.values(of: field.value, field.key)) }
        for (field, list) in Swift.zip(fields, lists) where list.count != lists[0].count {
            throw SettingError(
                "zip: '\(field.key)' has \(list.count) values and '\(fields[0].key)' \(lists[0].count)",
                at: field.value.origin)
        }
        return Axis(
            paths: try fields.map { field throws(SettingError) in
                guard let steps = SettingPath.steps(field.key), !steps.contains("") else {
                    throw SettingError("'\(field.key)' names no parameter", at: field.place)
                }
                return SettingPath.text(steps)
            }, steps: lists[0].indices.map { step in lists.map { $0[step] } },
            origin: setting.origin)
    }

    /// `1..5`, `0..1..0.25`: numbers from one to another, both among them; nil for a text that is none.
    package static func range(_ text: String, at origin: Setting.Origin) throws(SettingError) -> [Setting]? {
        let parts = text.split(separator: "..", omittingEmptySubsequences: false).map(String.init)
        let numbers = parts.compactMap { part -> Double? in
            switch try? PlainScalar(part) {
            case .int(let value)?: Double(value)
            case .float(let value)? where value.isFinite: value
            default: nil
            }
        }
        guard (2...3).contains(parts.count), numbers.count == parts.count else { return nil }
        func fail(_ problem: String) -> SettingError { SettingError("\(text): \(problem)", at: origin) }
        if text.contains("...") { throw fail("a range has two dots, as 1..5") }
        let ints = parts.compactMap { Int64($0) }
        if ints.count == parts.count {
            let step = ints.count > 2 ? ints[2] : 1
            return try SweepRange.stepped(ints[0], ints[1], by: step, fail).map {
                Setting(.int($0), origin: origin)
            }
        }
        guard numbers.count > 2 else { throw fail("say the step too, as \(text)..0.1") }
        return try SweepRange.stepped(numbers[0], numbers[1], by: numbers[2], fail).map {
            Setting(.float($0), origin: origin)
        }
    }

    private mutating func add(random setting: Setting) throws(SettingError) {
        guard let fields = setting.fields else {
            throw SettingError("random: expected n and seed, got \(setting.told)", at: setting.origin)
        }
        guard let count = setting["n"] else {
            throw SettingError("random: how many? n: 20", at: setting.origin)
        }
        guard let number = count.whole, (1...Int64(Self.most)).contains(number) else {
            throw SettingError("random: n: expected a number from 1, got \(count.told)", at: count.origin)
        }
        var seed: UInt64 = 0
        if let given = setting["seed"] {
            guard let number = given.whole else {
                throw SettingError("random: seed: expected an integer, got \(given.told)", at: given.origin)
            }
            seed = UInt64(bitPattern: number)
        }
        // In the order of `xpm.random`.
        let drawn = fields.filter { !["n", "seed"].contains($0.key) }.flatMap(SweepDraw.leaves).sorted {
            ByteOrder.less($0.key, $1.key)
        }
        if drawn.isEmpty {
            sample = (Int(number), seed)
            return
        }
        var generator = SplitMix(seed: seed)
        var draws: [(Setting.Field, SweepDraw)] = []
        for field in drawn { draws.append((field, try SweepDraw(field.value, field.key))) }
        try add(
            Axis(
                paths: drawn.map(\.key),
                steps: (0..<Int(number)).map { _ in
                    draws.map { Setting($1.value(at: generator.fraction()), origin: $0.value.origin) }
                }, origin: setting.origin))
    }

    /// Adds an axis; one parameter has its values from one place.
    package mutating func add(_ axis: Axis) throws(SettingError) {
        for path in axis.paths {
            if axes.contains(where: { $0.paths.contains(path) })
                || axis.paths.count(where: { $0 == path }) > 1
            {
                throw SettingError("'\(path)' is swept twice", at: axis.origin)
            }
            if let other = axes.flatMap(\.paths).first(where: {
                $0.hasPrefix("\(path).") || path.hasPrefix("\($0).")
            }) {
                throw SettingError("'\(path)' and '\(other)' are one below the other", at: axis.origin)
            }
        }
        axes.append(axis)
    }

    /// Adds an axis; what it sweeps has its values from there alone. Of a group the rest stays.
    package mutating func replace(with axis: Axis) throws(SettingError) {
        axes = axes.compactMap { $0.without(axis.paths) }
        try add(axis)
    }

    /// Leaves out the parameters to which something later gives one value: `-c`, a file above. Of a group the
    /// rest stays.
    ///
    /// - Parameter isLater: whether what gives the value comes after what sweeps it.
    package mutating func giveWay(
        to configuration: Setting, where isLater: (_ value: Setting.Origin, _ axis: Setting.Origin) -> Bool
    ) {
        let left = axes.compactMap { axis in
            axis.without(
                axis.paths.filter { path in
                    configuration.at(path).map { isLater($0.origin, axis.origin) } ?? false
                })
        }
        // A sample of what the schema sweeps stays.
        if left.isEmpty, !axes.isEmpty { sample = nil }
        axes = left
    }

    package mutating func take(_ count: Int, seed: UInt64) { sample = (count, seed) }

    // MARK: Points

    /// The parameters that have more than one value, with how many.
    package var varying: [(path: String, count: Int)] {
        axes.flatMap { axis in
            axis.paths.enumerated().compactMap { place, path in
                let count = TextSet(axis.steps.map { $0[place].json.text }).count
                return count > 1 ? (path, count) : nil
            }
        }
    }

    /// The points follow the axes as they are given, but for a sample, which is one of the points in the order of names.
    package mutating func keepOrder() { isInOrder = true }

    /// All points: the last axis, in the order of names or as they are given, varies fastest.
    ///
    /// - Throws: more points than there may be.
    package func points() throws(SettingError) -> [Point] {
        let sorted =
            isInOrder && sample == nil ? axes : axes.sorted { ByteOrder.less($0.paths[0], $1.paths[0]) }
        var total = 1
        for axis in sorted {
            let (product, overflow) = total.multipliedReportingOverflow(by: axis.steps.count)
            guard !overflow else { throw SettingError("the sweep has too many points", at: axis.origin) }
            total = product
        }
        guard let sample, sample.count < total else {
            guard total <= Self.most else {
                throw SettingError(
                    "the sweep has \(total) points: at most \(Self.most), or a sample of them (--sample)",
                    at: sorted.last?.origin ?? .none)
            }
            return (0..<total).map { Self.point($0, sorted) }
        }
        return Self.pick(sample.count, of: total, seed: sample.seed).map { Self.point($0, sorted) }
    }

    private static func point(_ number: Int, _ axes: [Axis]) -> Point {
        var rest = number
        var steps: [Int] = []
        for axis in axes.reversed() {
            steps.append(rest % axis.steps.count)
            rest /= axis.steps.count
        }
        return Swift.zip(axes, steps.reversed()).flatMap { axis, step in
            Swift.zip(axis.paths, axis.steps[step]).map { (path: $0, value: $1) }
        }
    }

    /// Whether a map is `{ range: … }` or another form of many values.
    package static func isRange(_ setting: Setting) -> Bool { SweepRange.isRange(setting) }

    /// Distinct numbers below a limit, in order; a larger count has those of a smaller one (Fisher–Yates on a
    /// map, not a list).
    package static func pick(_ count: Int, of total: Int, seed: UInt64) -> [Int] {
        var generator = SplitMix(seed: seed)
        var moved: [Int: Int] = [:]
        var picked: [Int] = []
        for place in 0..<count {
            let other = place + Int(generator.next() % UInt64(total - place))
            picked.append(moved[other] ?? other)
            moved[other] = moved[place] ?? place
        }
        return picked.sorted()
    }
}
