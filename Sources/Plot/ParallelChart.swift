import Text

/// Every job as a line through the values of its parameters, coloured by what came out.
package struct ParallelChart: Sendable {
    package struct Axis: Sendable {
        package let name: String
        package let scale: Scale

        package init(name: String, scale: Scale) {
            self.name = name
            self.scale = scale
        }
    }

    private let axes: [Axis]
    /// Of each job its value on each axis; the last axis gives the colour.
    private let lines: [[Double]]
    private let title: String
    /// More lines than these are not told from each other.
    private static let most = 1000
    /// Places of an axis, of which each has its lines.
    private static let places = 200

    package init(_ axes: [Axis], lines: [[Double]], title: String) {
        self.axes = axes
        self.lines = lines.count > Self.most ? Self.thin(lines, axes) : lines
        self.title = title
    }

    /// How many lines are drawn.
    package var count: Int { lines.count }

    /// Of many lines, for each place of each axis those with the least and the greatest result: each value that
    /// there is has a line, and each place its best.
    private static func thin(_ lines: [[Double]], _ axes: [Axis]) -> [[Double]] {
        var kept: Set<Int> = []
        for (number, axis) in axes.enumerated() {
            var ends = [(least: Int, greatest: Int)?](repeating: nil, count: places + 1)
            for (index, line) in lines.enumerated() {
                guard let share = axis.scale.place(line[number]), let result = line.last else { continue }
                let place = Int(max(0, min(1, share)) * Double(places))
                guard let known = ends[place] else {
                    ends[place] = (index, index)
                    continue
                }
                if result < lines[known.least].last ?? .infinity { ends[place]?.least = index }
                if result > lines[known.greatest].last ?? -.infinity { ends[place]?.greatest = index }
            }
            for case let (least, greatest)? in ends { kept.formUnion([least, greatest]) }
        }
        return kept.sorted().map { lines[$0] }
    }

    package func drawing(_ size: PictureSize) -> Drawing {
        var drawing = Drawing(width: size.width, height: size.height, title: title)
        // The labels of the first axis lie left of it, those of the last one right.
        func room(_ axis: Axis?) -> Double {
            let widest = axis?.scale.ticks().map { Drawing.width(of: $0.label, size: 11) }.max() ?? 0
            return max(70, min(size.width * 0.25, widest + 16))
        }
        let (left, right) = (room(axes.first), size.width - room(axes.last))
        let (top, bottom) = (70.0, size.height - 24)
        if !title.isEmpty { drawing.text(title, size.width / 2, 26, .middle, size: 15, isBold: true) }
        func across(_ number: Int) -> Double {
            left + (right - left) * Double(number) / Double(max(1, axes.count - 1))
        }
        // The best come last, above the others.
        for line in lines.sorted(by: { ($0.last ?? 0) < ($1.last ?? 0) }) {
            let points = zip(axes, line).enumerated().compactMap { number, pair in
                pair.0.scale.place(pair.1).map { (x: across(number), y: bottom - $0 * (bottom - top)) }
            }
            let share = line.last.flatMap { axes.last?.scale.place($0) } ?? 0
            drawing.polyline(
                points, .init(Palette.ramp(share), width: 1.4), opacity: lines.count > 200 ? 0.35 : 0.75)
        }
        let distance = (right - left) / Double(max(1, axes.count - 1))
        for (number, axis) in axes.enumerated() {
            let x = across(number)
            let isLast = number == axes.count - 1
            // The outer ones have less room on one side.
            let side = number == 0 ? left : isLast ? size.width - right : distance
            drawing.line(x, top, x, bottom, .init("#444"))
            drawing.text(
                Drawing.fit(axis.name + axis.scale.offsetText, min(distance, 2 * side) - 8, size: 13), x,
                top - 14, .middle, size: 13,
                isBold: isLast)
            let ticks = axis.scale.ticks().thinned(to: bottom - top, each: 12).fitted(side - 14, size: 11)
            for tick in ticks
            where (-1e-9...1 + 1e-9).contains(tick.place) {
                let y = bottom - tick.place * (bottom - top)
                drawing.line(x - 3, y, x + 3, y, .init("#444"))
                drawing.text(
                    tick.label, x + (isLast ? 7 : -7), y + 4,
                    isLast ? .start : .end, size: 11, hasHalo: true)
            }
        }
        return drawing
    }
}
