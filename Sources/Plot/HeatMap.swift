import Glibc
import Text

/// A value for each pair of two parameters, as colours.
package struct HeatMap: Sendable {
    package enum Cell: Sendable, Equatable {
        /// There is no such job.
        case absent
        case value(Double)
        /// What the jobs do that have no number: `failed`, `running`.
        case gap(LineChart.Gap)
    }

    private let xNames: [String]
    private let yNames: [String]
    /// By row, then by column.
    private let cells: [[Cell]]
    private let labels: Labels
    private let valueName: String
    private let isLogarithmic: Bool

    /// - Parameters:
    ///   - cells: by row, the first one at the bottom, then by column.
    ///   - isLogarithmic: whether equal ratios have equal steps of colour; values up to 0 have none then.
    package init(
        xNames: [String], yNames: [String], cells: [[Cell]], _ labels: Labels, valueName: String,
        isLogarithmic: Bool = false
    ) {
        self.xNames = xNames
        self.yNames = yNames
        self.cells = cells
        self.labels = labels
        self.valueName = valueName
        self.isLogarithmic = isLogarithmic
    }

    package func drawing(_ size: PictureSize) -> Drawing {
        var drawing = Drawing(width: size.width, height: size.height, title: labels.title)
        let frame = Frame(
            size, labels, x: Scale(categories: xNames), y: Scale(categories: yNames), right: 90)
        let known = cells.flatMap { $0 }.compactMap { cell -> Double? in
            guard case .value(let value) = cell, value.isFinite, !isLogarithmic || value > 0 else {
                return nil
            }
            return value
        }
        let scale = Scale(known, logarithmic: isLogarithmic, isTight: true)
        let texts = texts(known)
        for (row, line) in cells.enumerated() {
            for (column, cell) in line.enumerated() {
                draw(cell, row, column, scale, texts, frame, &drawing)
            }
        }
        frame.drawAxes(on: &drawing, grid: false)
        let all = cells.flatMap { $0 }
        let hasInfinite = all.contains { if case .value(let value) = $0 { value.isInfinite } else { false } }
        let kinds: [(Cell, String)] = [
            (.value(.nan), hasInfinite ? "not finite" : "NaN"), (.gap(.failed), "failed"),
            (.gap(.open), "not done"), (.absent, "no job"),
        ].filter { kind, _ in all.contains { $0.isLike(kind) } }
        let bar = ColourBar(scale: scale, name: valueName, foot: Double(kinds.count) * 18)
        bar.draw(frame, &drawing)
        for (number, (kind, name)) in kinds.enumerated() {
            let (left, top) = (
                frame.left + frame.width + 18,
                frame.top + frame.height - Double(kinds.count - number) * 18 + 4
            )
            Self.drawSign(of: kind, left, top, 14, 14, hasText: false, &drawing)
            drawing.text(name, left + 18, top + 11, size: 11)
        }
        return drawing
    }

    /// What is written in the cells: numbers that differ do not look the same.
    private func texts(_ values: [Double]) -> [Double: String] {
        let distinct = Array(Set(values))
        return Dictionary(uniqueKeysWithValues: zip(distinct, NumberText.distinct(distinct, digits: 3)))
    }

    private func draw(
        _ cell: Cell, _ row: Int, _ column: Int, _ scale: Scale, _ texts: [Double: String], _ frame: Frame,
        _ drawing: inout Drawing
    ) {
        let (width, height) = (
            frame.width / Double(max(1, xNames.count)), frame.height / Double(max(1, yNames.count))
        )
        let left = frame.left + Double(column) * width
        let top = frame.top + frame.height - Double(row + 1) * height
        guard case .value(let value) = cell, let text = texts[value], let share = scale.place(value) else {
            return Self.drawSign(
                of: cell, left, top, width, height, hasText: width > 38 && height > 15, &drawing)
        }
        drawing.box(left, top, width, height, fill: Palette.ramp(share), stroke: .init("white"))
        if height > 15, Drawing.width(of: text, size: 11) < width - 4 {
            drawing.text(
                text, left + width / 2, top + height / 2 + 4, .middle, size: 11,
                colour: Palette.onRamp(share))
        }
    }

    /// A cell without a colour.
    private static func drawSign(
        of cell: Cell, _ left: Double, _ top: Double, _ width: Double, _ height: Double, hasText: Bool,
        _ drawing: inout Drawing
    ) {
        func box(_ fill: String) {
            drawing.box(left, top, width, height, fill: fill, stroke: .init("white"))
        }
        func say(_ text: String) {
            if hasText {
                drawing.text(text, left + width / 2, top + height / 2 + 4, .middle, size: 11, colour: "#333")
            }
        }
        switch cell {
        case .absent: drawing.box(left, top, width, height, fill: "white", stroke: .init("#dddddd"))
        case .value(let value):
            box("#9a9a9a")
            say(NumberText.lua(value).replacing("nan", with: "NaN"))
        case .gap(.failed):
            box("#e8e8e8")
            let (right, bottom) = (left + width, top + height)
            drawing.line(left + 2, top + 2, right - 2, bottom - 2, .init("#888"))
            drawing.line(left + 2, bottom - 2, right - 2, top + 2, .init("#888"))
        case .gap(.undefined):
            box("#9a9a9a")
            say("NaN")
        case .gap(.open):
            box("#e8e8e8")
            say("…")
        }
    }
}

extension HeatMap.Cell {
    /// Whether both are drawn with one sign.
    fileprivate func isLike(_ other: Self) -> Bool {
        switch (self, other) {
        case (.absent, .absent): true
        case (.value(let a), .value(let b)): !a.isFinite && !b.isFinite
        case (.gap(.undefined), .value(let b)): !b.isFinite
        case (.gap(let a), .gap(let b)): a == b
        default: false
        }
    }
}

/// What the colours mean.
struct ColourBar {
    let scale: Scale
    let name: String
    /// Room that is left free below it, in pixels.
    var foot = 0.0

    func draw(_ frame: Frame, _ drawing: inout Drawing) {
        let (left, steps) = (frame.left + frame.width + 18, 50)
        let whole = max(20, frame.height - foot)
        let height = whole / Double(steps)
        for step in 0..<steps {
            let top = frame.top + whole - Double(step + 1) * height
            drawing.box(left, top, 14, height + 0.6, fill: Palette.ramp((Double(step) + 0.5) / Double(steps)))
        }
        for tick in scale.ticks(about: 5) where (-1e-9...1 + 1e-9).contains(tick.place) {
            drawing.text(tick.label, left + 18, frame.top + (1 - tick.place) * whole + 4, size: 11)
        }
        drawing.text(name + scale.offsetText, left + 7, frame.top - 6, .middle, size: 11)
    }
}
