import Text

/// An SVG picture as it is drawn: shapes one over the other.
package struct Drawing: Sendable {
    package enum Anchor: String, Sendable { case start, middle, end }

    package enum Marker: Sendable { case circle, square, triangle, diamond, down, cross }

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
    private var clips = 0

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

    /// A point of a series, about as large as a dot of a radius.
    ///
    /// - Parameter isHollow: whether only its outline is drawn, on white.
    package mutating func marker(
        _ shape: Marker, _ x: Double, _ y: Double, radius: Double, colour: String, isHollow: Bool = false
    ) {
        let fill =
            isHollow ? "fill=\"white\" stroke=\"\(colour)\" stroke-width=\"1.5\"" : "fill=\"\(colour)\""
        func polygon(_ corners: [(Double, Double)]) -> String {
            let list = corners.map { "\(Self.number(x + $0.0 * radius)),\(Self.number(y + $0.1 * radius))" }
            return "<polygon points=\"\(list.joined(separator: " "))\" \(fill)/>"
        }
        switch shape {
        case .circle:
            shapes.append(
                "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\" \(fill)/>"
            )
        case .square: shapes.append(polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]))
        case .triangle: shapes.append(polygon([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)]))
        case .diamond: shapes.append(polygon([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)]))
        case .down: shapes.append(polygon([(0, 1.2), (1.1, -0.8), (-1.1, -0.8)]))
        case .cross:
            for side in [-1.0, 1] {
                line(
                    x - radius, y - side * radius, x + radius, y + side * radius, .init(colour, width: 1.6))
            }
        }
    }

    /// Draws within a rectangle only.
    package mutating func clipped(
        to left: Double, _ top: Double, _ width: Double, _ height: Double, _ draw: (inout Drawing) -> Void
    ) {
        clips += 1
        let place =
            "x=\"\(Self.number(left))\" y=\"\(Self.number(top))\" width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
        shapes.append("<clipPath id=\"clip\(clips)\"><rect \(place)/></clipPath>")
        shapes.append("<g clip-path=\"url(#clip\(clips))\">")
        draw(&self)
        shapes.append("</g>")
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

    /// Texts that are cut to a width, in pixels, and still differ where they differ: of names that would look
    /// the same, what is the same in all of them goes first.
    package static func fit(_ texts: [String], _ most: Double, size: Double = 12) -> [String] {
        var fitted = texts.map { fit($0, most, size: size) }
        var places: TextMap<[Int]> = [:]
        for (place, text) in fitted.enumerated() { places[text, default: []].append(place) }
        for group in places.values where TextSet(group.map { texts[$0] }).count > 1 {
            let names = group.map { Array(texts[$0]) }
            let shortest = names.map(\.count).min() ?? 0
            func areAlike(_ character: ([Character]) -> Character) -> Bool {
                names.allSatisfy { String(character($0)) == String(character(names[0])) }
            }
            let head = (0..<shortest).first { place in !areAlike { $0[place] } } ?? shortest
            let tail =
                (0..<(shortest - head)).first { place in !areAlike { $0[$0.count - 1 - place] } }
                ?? shortest - head
            for (place, name) in zip(group, names) {
                let middle = String(name[head..<(name.count - tail)])
                let (before, after) = (head > 0 ? "…" : "", tail > 0 ? "…" : "")
                fitted[place] =
                    before + fit(middle, most - width(of: before + after, size: size), size: size) + after
            }
            // What differs is too long itself.
            for (number, place) in group.enumerated()
            where group.contains(where: {
                $0 != place && fitted[$0] == fitted[place] && texts[$0] != texts[place]
            }) {
                fitted[place] = "\(fit(texts[place], most - 24, size: size)) \(number + 1)"
            }
        }
        return fitted
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
