import Text

/// How a cell looks: a colour and attributes, as SGR names them (ECMA-48, 8.3.117).
package struct CellStyle: Sendable, Equatable {
    package enum Colour: UInt8, Sendable {
        case usual = 39
        case red = 31
        case green = 32
        case yellow = 33
        case blue = 34
        case magenta = 35
        case cyan = 36
    }

    package var colour: Colour
    package var isBold: Bool
    package var isDim: Bool
    package var isReverse: Bool

    package init(_ colour: Colour = .usual, bold: Bool = false, dim: Bool = false, reverse: Bool = false) {
        (self.colour, isBold, isDim, isReverse) = (colour, bold, dim, reverse)
    }

    package static let plain = CellStyle()
    package static let dim = CellStyle(dim: true)
    package static let bold = CellStyle(bold: true)

    /// The sequence that sets it, whatever was set before.
    func sequence(isColoured: Bool) -> String {
        var codes = ["0"]
        if isBold { codes.append("1") }
        if isDim { codes.append("2") }
        if isReverse { codes.append("7") }
        if colour != .usual, isColoured { codes.append(String(colour.rawValue)) }
        return "\u{1b}[\(codes.joined(separator: ";"))m"
    }
}
