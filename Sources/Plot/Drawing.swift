import Text

/// An SVG picture as it is drawn: shapes one over the other.
package struct Drawing: Sendable {
    package enum Anchor: String, Sendable { case start, middle, end }

    package struct Stroke: Sendable {
        var colour: String
        var width: Double
        var dash: String?

        package init(_ colour: String, width: Double = 1, dash: String? = nil) {
            self.colour = colour
            self.width = width
            self.dash = dash
        }
    }

    private let width: Double
    private let height: Double
    private var shapes: [String] = []

    /// - Parameters:
    ///   - width: in pixels.
    ///   - title: for who cannot see it.
    package init(width: Double, height: Double, title: String) {
        self.width = width
        self.height = height
        shapes.append("<title>\(Self.escape(title))</title>")
        shapes.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>")
    }

    package var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(width))" height="\(Self.number(height))" \
        viewBox="0 0 \(Self.number(width)) \(Self.number(height))" \
        font-family="Helvetica, Arial, 'DejaVu Sans', 'Liberation Sans', sans-serif" font-size="12">
        \(shapes.joined(separator: "\n"))
        </svg>

        """
    }

    package mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ stroke: Stroke) {
        let ends =
            "x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\" y2=\"\(Self.number(y2))\""
        shapes.append("<line \(ends) \(Self.attributes(stroke))/>")
    }

    package mutating func polyline(_ points: [(x: Double, y: Double)], _ stroke: Stroke, opacity: Double = 1)
    {
        guard points.count > 1 else { return }
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        let faint = opacity < 1 ? " stroke-opacity=\"\(Self.number(opacity))\"" : ""
        shapes.append(
            "<polyline points=\"\(list)\" fill=\"none\" stroke-linejoin=\"round\" \(Self.attributes(stroke))\(faint)/>"
        )
    }

    package mutating func area(_ points: [(x: Double, y: Double)], fill: String, opacity: Double) {
        guard points.count > 2 else { return }
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        shapes.append(
            "<polygon points=\"\(list)\" fill=\"\(fill)\" fill-opacity=\"\(Self.number(opacity))\"/>")
    }

    package mutating func dot(_ x: Double, _ y: Double, radius: Double, fill: String) {
        shapes.append(
            "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\" fill=\"\(fill)\"/>"
        )
    }

    package mutating func box(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String, stroke: Stroke? = nil
    ) {
        let line = stroke.map { " \(Self.attributes($0))" } ?? ""
        let place =
            "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
        shapes.append("<rect \(place) fill=\"\(fill)\"\(line)/>")
    }

    /// - Parameters:
    ///   - rotation: in degrees, about its place.
    ///   - hasHalo: whether it is read above lines too.
    package mutating func text(
        _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, size: Double = 12,
        colour: String = "#222",
        rotation: Double = 0, isBold: Bool = false, hasHalo: Bool = false
    ) {
        let turn =
            rotation == 0
            ? "" : " transform=\"rotate(\(Self.number(rotation)) \(Self.number(x)) \(Self.number(y)))\""
        let weight = isBold ? " font-weight=\"bold\"" : ""
        let halo = hasHalo ? " stroke=\"white\" stroke-width=\"3\" paint-order=\"stroke\"" : ""
        shapes.append(
            "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor.rawValue)\" font-size=\"\(Self.number(size))\" "
                + "fill=\"\(colour)\"\(weight)\(halo)\(turn)>\(Self.escape(text))</text>")
    }

    private static func attributes(_ stroke: Stroke) -> String {
        let dash = stroke.dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
        return "stroke=\"\(stroke.colour)\" stroke-width=\"\(number(stroke.width))\"\(dash)"
    }

    private static func number(_ value: Double) -> String {
        let text = NumberText.fixed(value, decimals: 2)
        return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
    }

    private static func escape(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar -> String in
                switch scalar {
                case "&": "&amp;"
                case "<": "&lt;"
                case ">": "&gt;"
                case "\"": "&quot;"
                // XML has no other control characters.
                case let other where other.value < 0x20 || (0x7f...0x9f).contains(other.value): " "
                default: String(scalar)
                }
            }.joined())
    }

    /// A text that is cut to a width, in pixels, in its middle: what tells long names apart is often at their
    /// end.
    package static func fit(_ text: String, _ most: Double, size: Double = 12) -> String {
        // The narrowest letters take a third of their size.
        let longest = Int(min(10_000, max(0, most) / (size * 0.3))) + 1
        let start = String(text.prefix(longest + 1))
        guard start.count > longest || width(of: text, size: size) > most else { return text }
        var (head, tail) = (start, "")
        while !head.isEmpty, width(of: head + "…" + tail, size: size) > most {
            head.removeLast()
            tail = String(text.suffix(head.count / 2))
        }
        return head + "…" + tail
    }

    /// How wide a text is, about, in pixels.
    package static func width(of text: String, size: Double = 12) -> Double {
        text.unicodeScalars.reduce(0) { width, scalar in
            width + size
                * (scalar.value > 0x2e80
                    ? 1
                    : "ijlt.,:;'|!()[] ".unicodeScalars.contains(scalar)
                        ? 0.37 : scalar.properties.isUppercase ? 0.74 : 0.62)
        }
    }
}

/// Colours that people tell apart, also those who see few.
package enum Palette {
    /// Okabe and Ito, 2008; black and the hues that print well first.
    private static let lines = [
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7A00",
    ]

    package static func line(_ number: Int) -> String { lines[number % lines.count] }

    /// What tells lines of one colour apart; nil for a line that is whole.
    package static func dash(_ number: Int) -> String? {
        let dashes = ["7 3", "2 3", "10 3 2 3"]
        let round = number / lines.count
        return round == 0 ? nil : dashes[(round - 1) % dashes.count]
    }

    /// From 0 to 1 along viridis (Smith and van der Walt, 2015), between seven of its colours.
    package static func ramp(_ share: Double) -> String {
        let stops: [(Double, Double, Double)] = [
            (68, 1, 84), (70, 50, 126), (54, 92, 141), (39, 127, 142), (31, 161, 135), (74, 193, 109),
            (253, 231, 37),
        ]
        let place = min(1, max(0, share.isFinite ? share : 0)) * Double(stops.count - 1)
        let index = min(stops.count - 2, Int(place))
        let rest = place - Double(index)
        func mix(_ a: Double, _ b: Double) -> Int { Int((a + (b - a) * rest).rounded()) }
        let (from, to) = (stops[index], stops[index + 1])
        return "rgb(\(mix(from.0, to.0)),\(mix(from.1, to.1)),\(mix(from.2, to.2)))"
    }

    /// Black or white, whichever is read on a colour of the ramp.
    package static func onRamp(_ share: Double) -> String { share > 0.6 ? "#111" : "white" }
}
