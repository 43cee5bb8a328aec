import Text

/// The rectangle in which values are drawn, with its axes and what stands around it.
struct Frame {
    let left: Double
    let top: Double
    let width: Double
    let height: Double
    let x: Scale
    let y: Scale
    private let xTicks: [Scale.Tick]
    private let yTicks: [Scale.Tick]
    private let turnsLabels: Bool
    private let labels: Labels
    let size: PictureSize

    /// - Parameter right: room for a legend, in pixels.
    init(_ size: PictureSize, _ labels: Labels, x: Scale, y: Scale, right: Double) {
        self.size = size
        self.labels = labels
        self.x = x
        self.y = y
        yTicks = y.ticks().thinned(to: size.height * 0.7, each: y.isOfCategories ? 12 : 15).fitted(
            size.width * 0.3)
        let widest = yTicks.map { Drawing.width(of: $0.label) }.max() ?? 0
        top = labels.title.isEmpty ? 16 : 40
        var left = widest + 44
        var width = max(40, size.width - left - right - 20)
        // Turned ones take a third of the height at most.
        let ticks = x.ticks(about: max(2, Int(width / 70))).thinned(
            to: width, each: x.isOfCategories ? 11 : 15
        ).fitted(size.height * 0.45)
        let longest = ticks.map { Drawing.width(of: $0.label) }.max() ?? 0
        turnsLabels = longest > width / Double(max(1, ticks.count)) - 6
        if turnsLabels, let first = ticks.first {
            // The first one begins left of its mark.
            let missing = Drawing.width(of: first.label) * 0.77 + 8 - left - first.place * width
            left += max(0, missing)
            width = max(40, width - max(0, missing))
        }
        (self.left, self.width) = (left, width)
        xTicks = ticks
        let below = turnsLabels ? longest * 0.65 + 22 : 18
        height = max(40, size.height - top - below - 34)
    }

    func place(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
        guard let across = self.x.place(x), let up = self.y.place(y) else { return nil }
        return (left + across * width, top + (1 - up) * height)
    }

    func drawAxes(on drawing: inout Drawing, grid: Bool = true) {
        let bottom = top + height
        for tick in yTicks {
            let place = top + (1 - tick.place) * height
            if grid { drawing.line(left, place, left + width, place, .init("#e3e3e3")) }
            drawing.text(tick.label, left - 8, place + 4, .end)
        }
        for tick in xTicks {
            let place = left + tick.place * width
            if grid { drawing.line(place, top, place, bottom, .init("#eeeeee")) }
            drawing.line(place, bottom, place, bottom + 4, .init("#444"))
            if turnsLabels {
                drawing.text(tick.label, place + 4, bottom + 14, .end, rotation: -40)
            } else {
                drawing.text(tick.label, place, bottom + 18, .middle)
            }
        }
        drawing.line(left, bottom, left + width, bottom, .init("#444"))
        drawing.line(left, top, left, bottom, .init("#444"))
        drawing.text(
            Drawing.fit(labels.x + x.offsetText, width, size: 13), left + width / 2, size.height - 8, .middle,
            size: 13)
        let up = Drawing.fit(labels.y + y.offsetText, size.height - 24, size: 13)
        let half = Drawing.width(of: up, size: 13) / 2
        let middle = min(max(top + height / 2, half + 8), size.height - half - 8)
        drawing.text(up, 16, middle, .middle, size: 13, rotation: -90)
        if !labels.title.isEmpty {
            let title = Drawing.fit(labels.title, width, size: 15)
            drawing.text(title, left + width / 2, 24, .middle, size: 15, isBold: true)
        }
    }
}

/// In pixels.
package struct PictureSize: Sendable {
    package let width: Double
    package let height: Double

    package init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }
}

/// What stands at the axes and above them.
package struct Labels: Sendable {
    package var title: String
    package var x: String
    package var y: String

    package init(title: String, x: String, y: String) {
        self.title = title
        self.x = x
        self.y = y
    }
}
