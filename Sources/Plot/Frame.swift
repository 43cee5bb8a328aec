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
        yTicks = y.ticks()
        let widest = yTicks.map { Drawing.width(of: $0.label) }.max() ?? 0
        left = widest + 44
        top = labels.title.isEmpty ? 16 : 40
        width = max(40, size.width - left - right - 20)
        let ticks = x.ticks(about: max(2, Int(width / 70)))
        let room = width / Double(max(1, ticks.count))
        let longest = ticks.map { Drawing.width(of: $0.label) }.max() ?? 0
        turnsLabels = longest > room - 6
        xTicks = ticks
        let below = turnsLabels ? min(120, longest * 0.72 + 16) : 18
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
        drawing.text(labels.x, left + width / 2, size.height - 8, .middle, size: 13)
        drawing.text(labels.y, 16, top + height / 2, .middle, size: 13, rotation: -90)
        if !labels.title.isEmpty {
            drawing.text(labels.title, left + width / 2, 24, .middle, size: 15, isBold: true)
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
