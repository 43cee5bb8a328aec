import Settings
package import Text

/// What a search chooses from: parameters, each with the values that it may have, some of them only where others have
/// certain values.
package struct SearchSpace: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Any number between two, both among them; each order of magnitude as often where `isLog`.
        case float(low: Double, high: Double, isLog: Bool)
        case int(low: Int64, high: Int64)
        /// One of some plain values.
        case choice([JSON])
    }

    /// A parameter is there only where another one has one of some values.
    package struct Condition: Sendable, Equatable {
        package let way: String
        package let values: [JSON]

        package init(way: String, values: [JSON]) {
            self.way = way
            self.values = values
        }
    }

    package struct Dimension: Sendable, Equatable {
        /// `model.hidden`
        package let way: String
        package let kind: Kind
        package let conditions: [Condition]

        package init(way: String, kind: Kind, conditions: [Condition] = []) {
            self.way = way
            self.kind = kind
            self.conditions = conditions
        }
    }

    package struct Problem: TextualError, Equatable {
        package let text: String

        package init(text: String) { self.text = text }
    }

    /// What others depend on comes first; else in byte order of their ways.
    package let dimensions: [Dimension]
    /// Dimensions that are there together, by their places.
    let groups: [[Int]]

    /// - Throws: a space without parameters, values that are none, conditions on what is not there, or in a circle.
    package init(_ given: [Dimension]) throws(Problem) {
        if given.isEmpty { throw Problem(text: "the space has no parameters") }
        let ways = TextSet(given.map(\.way))
        for way in given.map(\.way) {
            if let below = given.map(\.way).first(where: { $0.hasPrefix("\(way).") }) {
                throw Problem(text: "'\(way)' and '\(below)' are one below the other")
            }
        }
        if let twice = given.map(\.way).first(where: { way in given.count { $0.way == way } > 1 }) {
            throw Problem(text: "'\(twice)' is in the space twice")
        }
        for dimension in given {
            try Self.check(dimension)
            for condition in dimension.conditions {
                guard let parent = given.first(where: { $0.way == condition.way }) else {
                    throw Problem(
                        text:
                            "'\(dimension.way)' depends on '\(condition.way)', which is not in the space\(Suggestion.hint(for: condition.way, among: ways.ordered))"
                    )
                }
                try Self.check(condition, of: dimension, on: parent)
            }
        }
        // 1 is 1.0 where a list has that.
        let given = given.map { dimension in
            Dimension(
                way: dimension.way, kind: dimension.kind,
                conditions: dimension.conditions.map { condition in
                    guard case .choice(let values)? = given.first(where: { $0.way == condition.way })?.kind
                    else {
                        return condition
                    }
                    return Condition(
                        way: condition.way,
                        values: condition.values.map { one in values.first { Self.areSame($0, one) } ?? one })
                })
        }
        var sorted: [Dimension] = []
        var left = given.sorted { ByteOrder.less($0.way, $1.way) }
        var known: TextSet = []
        while !left.isEmpty {
            guard
                let place = left.firstIndex(where: { $0.conditions.allSatisfy { known.contains($0.way) } })
            else {
                throw Problem(text: "'\(left[0].way)' depends on itself, by the conditions of others")
            }
            known.insert(left[place].way)
            sorted.append(left.remove(at: place))
        }
        dimensions = sorted
        var groups: [(conditions: [Condition], places: [Int])] = []
        for (place, dimension) in sorted.enumerated() {
            if let index = groups.firstIndex(where: { $0.conditions == dimension.conditions }) {
                groups[index].places.append(place)
            } else {
                groups.append((dimension.conditions, [place]))
            }
        }
        self.groups = groups.map(\.places)
    }

    /// Whether two plain values are one: 1 and 1.0 are.
    static func areSame(_ left: JSON, _ right: JSON) -> Bool {
        left == right || left.number.map { $0 == right.number } ?? false
    }

    private static func check(_ dimension: Dimension) throws(Problem) {
        let way = dimension.way
        switch dimension.kind {
        case .float(let low, let high, let isLog):
            guard low.isFinite, high.isFinite, low < high, (high - low).isFinite else {
                throw Problem(text: "'\(way)': the lower bound comes first, and both are finite")
            }
            if isLog, low <= 0 { throw Problem(text: "'\(way)': log of \(NumberText.lua(low))") }
        case .int(let low, let high):
            guard low <= high, high.subtractingReportingOverflow(low).partialValue >= 0,
                high.subtractingReportingOverflow(low).partialValue < 1 << 53
            else { throw Problem(text: "'\(way)': integers from \(low) to \(high)") }
        case .choice(let values):
            if values.isEmpty { throw Problem(text: "'\(way)' has no values") }
            for value in values where value.number.map({ !$0.isFinite }) ?? false || value == .string("NaN") {
                throw Problem(text: "'\(way)': a value is no finite number")
            }
        }
    }

    private static func check(
        _ condition: Condition, of dimension: Dimension, on parent: Dimension
    ) throws(Problem) {
        guard case .choice(let values) = parent.kind else {
            throw Problem(
                text: "'\(dimension.way)' depends on '\(parent.way)', which has no list of values")
        }
        if condition.values.isEmpty {
            throw Problem(text: "'\(dimension.way)' depends on '\(parent.way)', and no value of it is named")
        }
        for value in condition.values where !values.contains(where: { areSame($0, value) }) {
            throw Problem(
                text:
                    "'\(dimension.way)' depends on \(parent.way) = \(value.text), a value that it cannot have"
            )
        }
    }

    /// As JSON: what makes one space another.
    package var json: JSON {
        .object(
            dimensions.map { dimension in
                var members: [JSON.Member]
                switch dimension.kind {
                case .float(let low, let high, let isLog):
                    members = [.init(isLog ? "loguniform" : "uniform", .array([.float(low), .float(high)]))]
                case .int(let low, let high): members = [.init("integers", .array([.int(low), .int(high)]))]
                case .choice(let values): members = [.init("choice", .array(values))]
                }
                if !dimension.conditions.isEmpty {
                    members.append(
                        .init("given", .object(dimension.conditions.map { .init($0.way, .array($0.values)) }))
                    )
                }
                return .init(dimension.way, .object(members))
            })
    }

    // MARK: Points

    /// Whether a parameter is there, where others have these values.
    func isActive(_ place: Int, in point: SearchPoint) -> Bool {
        dimensions[place].conditions.allSatisfy { condition in
            point[condition.way].map(condition.values.contains) ?? false
        }
    }

    /// Whether a point has a value of each parameter that is to be there, and no other, each within its bounds.
    package func contains(_ point: SearchPoint) -> Bool {
        var count = 0
        for (place, dimension) in dimensions.enumerated() {
            let value = point[dimension.way]
            guard isActive(place, in: point) else {
                if value != nil { return false }
                continue
            }
            guard let value, coordinate(of: value, at: place) != nil else { return false }
            count += 1
        }
        return count == point.values.count
    }

    /// Where a value lies from 0 to 1, or the number of a choice; nil for one that the parameter cannot have.
    func coordinate(of value: JSON, at place: Int) -> Double? {
        switch (dimensions[place].kind, value) {
        case (.choice(let values), _): return values.firstIndex(of: value).map(Double.init)
        case (.float(let low, let high, let isLog), _):
            guard let number = value.number, number >= low, number <= high else { return nil }
            return isLog
                ? (Math.log(number) - Math.log(low)) / (Math.log(high) - Math.log(low))
                : (number - low) / (high - low)
        case (.int(let low, let high), .int(let number)):
            guard number >= low, number <= high else { return nil }
            return (Double(number - low) + 0.5) / Double(high - low + 1)
        default: return nil
        }
    }

    /// The value at a place from 0 to 1, of floats with six digits; or the choice with a number.
    func value(at coordinate: Double, of place: Int) -> JSON {
        switch dimensions[place].kind {
        case .choice(let values): return values[min(values.count - 1, max(0, Int(coordinate)))]
        case .float(let low, let high, let isLog):
            let part = min(1, max(0, coordinate))
            let number =
                isLog ? RandomDraw.loguniform(low, high, part) : RandomDraw.uniform(low, high, part)
            return .float(min(high, max(low, Math.rounded(number, width: high - low))))
        case .int(let low, let high):
            return .int(min(high, RandomDraw.integer(low, high, min(1, max(0, coordinate)))))
        }
    }

    /// How many points there are; nil for more than can be gone through.
    package var count: Int? {
        if dimensions.contains(where: { if case .float = $0.kind { true } else { false } }) { return nil }
        var count = 0
        enumerate(0, SearchPoint()) { _ in
            count += 1
            return count <= Self.most
        }
        return count > Self.most ? nil : count
    }

    private static let most = 100_000

    /// All points, of a space that has a count.
    var all: [SearchPoint] {
        var points: [SearchPoint] = []
        enumerate(0, SearchPoint()) {
            points.append($0)
            return points.count <= Self.most
        }
        return points
    }

    @discardableResult
    private func enumerate(_ place: Int, _ point: SearchPoint, _ body: (SearchPoint) -> Bool) -> Bool {
        guard place < dimensions.count else { return body(point) }
        guard isActive(place, in: point) else { return enumerate(place + 1, point, body) }
        let values: [JSON]
        switch dimensions[place].kind {
        case .choice(let all): values = all
        case .int(let low, let high):
            guard high - low < Self.most else {
                // More than can be gone through.
                for _ in 0...Self.most where !body(point) { return false }
                return false
            }
            values = (low...high).map { .int($0) }
        case .float: return false
        }
        for value in values {
            var next = point
            next[dimensions[place].way] = value
            if !enumerate(place + 1, next, body) { return false }
        }
        return true
    }
}

/// A value of each parameter that is there, by its way.
package struct SearchPoint: Sendable, Equatable {
    package private(set) var values: [(way: String, value: JSON)] = []

    package init() {}

    package init(_ values: [(way: String, value: JSON)]) {
        for (way, value) in values { self[way] = value }
    }

    package static func == (left: Self, right: Self) -> Bool { left.key == right.key }

    package subscript(way: String) -> JSON? {
        get { values.first { $0.way == way }?.value }
        set {
            values.removeAll { $0.way == way }
            guard let newValue else { return }
            let place = values.firstIndex { ByteOrder.less(way, $0.way) } ?? values.count
            values.insert((way, newValue), at: place)
        }
    }

    /// As JSON, ways in byte order.
    package var json: JSON { .object(values.map { .init($0.way, $0.value) }) }

    /// A text that is another for each other point.
    package var key: String { json.text }
}
