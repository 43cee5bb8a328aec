import Text

/// A value for each pair of two parameters, as colours.
package struct HeatMap: Sendable {
    private let xNames: [String]
    private let yNames: [String]
    /// By row, then by column; nil where there is none.
    private let values: [[Double?]]
    private let labels: Labels
    private let valueName: String

    /// - Parameter values: by row, the first one at the bottom, then by column.
    package init(xNames: [String], yNames: [String], values: [[Double?]], _ labels: Labels, valueName: String)
    {
        self.xNames = xNames
        self.yNames = yNames
        self.values = values
        self.labels = labels
        self.valueName = valueName
    }

    package func drawing(_ size: PictureSize) -> Drawing {
        var drawing = Drawing(width: size.width, height: size.height, title: labels.title)
        let frame = Frame(
            size, labels, x: Scale(categories: xNames), y: Scale(categories: yNames), right: 90)
        let (width, height) = (
            frame.width / Double(max(1, xNames.count)), frame.height / Double(max(1, yNames.count))
        )
        let known = values.flatMap { $0 }.compactMap { $0 }.filter(\.isFinite)
        let (least, most) = (known.min() ?? 0, known.max() ?? 1)
        let hasTexts = width > 38 && height > 15
        for (row, cells) in values.enumerated() {
            for (column, value) in cells.enumerated() {
                let left = frame.left + Double(column) * width
                let top = frame.top + frame.height - Double(row + 1) * height
                guard let value, value.isFinite else {
                    drawing.box(left, top, width, height, fill: "#f2f2f2", stroke: .init("white"))
                    continue
                }
                let share = most > least ? (value - least) / (most - least) : 0.5
                drawing.box(left, top, width, height, fill: Palette.ramp(share), stroke: .init("white"))
                if hasTexts {
                    drawing.text(
                        NumberText.significant(value, digits: 3), left + width / 2, top + height / 2 + 4,
                        .middle, size: 11,
                        colour: Palette.onRamp(share))
                }
            }
        }
        frame.drawAxes(on: &drawing, grid: false)
        ColourBar(least: least, most: most, name: valueName).draw(frame, &drawing)
        return drawing
    }
}

/// What the colours mean.
struct ColourBar {
    let least: Double
    let most: Double
    let name: String

    func draw(_ frame: Frame, _ drawing: inout Drawing) {
        let (left, steps) = (frame.left + frame.width + 18, 50)
        let height = frame.height / Double(steps)
        for step in 0..<steps {
            let top = frame.top + frame.height - Double(step + 1) * height
            drawing.box(left, top, 14, height + 0.6, fill: Palette.ramp((Double(step) + 0.5) / Double(steps)))
        }
        let scale = Scale([least, most], isTight: true)
        for tick in scale.ticks(about: 5) where (0...1).contains(tick.place) {
            drawing.text(tick.label, left + 18, frame.top + (1 - tick.place) * frame.height + 4, size: 11)
        }
        drawing.text(name, left + 7, frame.top - 6, .middle, size: 11)
    }
}
