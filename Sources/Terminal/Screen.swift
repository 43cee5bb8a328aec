import Text

/// What a terminal shows: rows of cells. Written as a whole in memory; of what is on the terminal only the
/// differences are sent (`difference`).
package struct Screen: Sendable {
    package let rows: Int
    package let columns: Int
    private var cells: [Cell]

    /// One column of a row. A wide character fills two: the second is empty.
    struct Cell: Sendable, Equatable {
        var text: String
        var style: CellStyle

        static let blank = Cell(text: " ", style: .plain)

        static func == (left: Cell, right: Cell) -> Bool {
            left.style == right.style && left.text == right.text
        }
    }

    package init(rows: Int, columns: Int) {
        self.rows = max(0, rows)
        self.columns = max(0, columns)
        cells = Array(repeating: .blank, count: self.rows * self.columns)
    }

    /// Writes a text into a row, as far as there is room. What would move the cursor is shown as an escape.
    ///
    /// - Parameter most: how many columns it may take.
    /// - Returns: the column after it.
    @discardableResult
    package mutating func write(
        _ text: String, row: Int, column: Int, _ style: CellStyle = .plain, most: Int = .max
    ) -> Int {
        guard (0..<rows).contains(row) else { return column }
        var place = column
        let end = min(columns, most > columns - column ? columns : column + max(0, most))
        for (character, width) in TerminalText.line(text, most: 4 * columns + 64).columnsOfCharacters {
            if width == 0 {
                // It stands on the one before.
                if place > column { cells[row * columns + place - 1].text.append(character) }
                continue
            }
            guard place >= 0, place + width <= end else { break }
            set(Cell(text: String(character), style: style), row, place)
            if width == 2 { set(Cell(text: "", style: style), row, place + 1) }
            place += width
        }
        return place
    }

    /// Writes a text that may be longer than its room: an ellipsis stands for the rest.
    ///
    /// - Returns: the column after the room.
    @discardableResult
    package mutating func write(
        _ text: String, row: Int, column: Int, _ style: CellStyle = .plain, room: Int, isRight: Bool = false
    ) -> Int {
        guard room > 0 else { return column }
        let shown = TerminalText.line(text, most: 4 * columns + 64).cut(to: room)
        write(shown, row: row, column: column + (isRight ? room - shown.columns : 0), style, most: room)
        return column + room
    }

    /// Gives a whole row a style, with what is in it.
    package mutating func mark(row: Int, _ change: (inout CellStyle) -> Void) {
        guard (0..<rows).contains(row) else { return }
        for column in 0..<columns { change(&cells[row * columns + column].style) }
    }

    private mutating func set(_ cell: Cell, _ row: Int, _ column: Int) {
        let index = row * columns + column
        let old = cells[index].text
        // Half of a wide character is none.
        if old.isEmpty, column > 0, !cell.text.isEmpty { cells[index - 1].text = " " }
        if column + 1 < columns, old.columns == 2 { cells[index + 1].text = " " }
        cells[index] = cell
    }

    /// The text of a row, for those who look.
    package func text(row: Int) -> String {
        cells[(row * columns)..<((row + 1) * columns)].map(\.text).joined().trimmedRight
    }

    // MARK: What is sent

    /// What turns a terminal that shows another screen into this one.
    ///
    /// - Parameters:
    ///   - old: nil where nobody knows what it shows.
    ///   - isColoured: whether it gets colours.
    package func difference(from old: Screen?, isColoured: Bool = true) -> [UInt8] {
        let known = old.flatMap { $0.rows == rows && $0.columns == columns ? $0 : nil }
        var out = known == nil ? "\u{1b}[0m\u{1b}[2J" : ""
        var style: CellStyle? = known == nil ? .plain : nil
        for row in 0..<rows {
            let start = row * columns
            if let known, known.cells[start..<(start + columns)] == cells[start..<(start + columns)] {
                continue
            }
            let end = contentEnd(row)
            var column = 0
            var cursor = -1
            while column < end {
                let cell = cells[start + column]
                let isSame = known.map { $0.cells[start + column] == cell } ?? (cell == .blank)
                // A short gap costs less than a move.
                if isSame, column != cursor || !isGapShort(known, start, column, end) {
                    column += 1
                    continue
                }
                if column != cursor { out += "\u{1b}[\(row + 1);\(column + 1)H" }
                if cell.style != style {
                    out += cell.style.sequence(isColoured: isColoured)
                    style = cell.style
                }
                out += cell.text
                column += cell.text.columns > 1 ? 2 : 1
                cursor = column
            }
            if let known, known.contentEnd(row) > end {
                if cursor != end || end == 0 { out += "\u{1b}[\(row + 1);\(end + 1)H" }
                if style != .plain { out += CellStyle.plain.sequence(isColoured: isColoured) }
                style = .plain
                out += "\u{1b}[K"
            }
        }
        if !out.isEmpty, style != .plain { out += CellStyle.plain.sequence(isColoured: isColoured) }
        return Array(out.utf8)
    }

    /// The column after the last that is not blank.
    private func contentEnd(_ row: Int) -> Int {
        var end = columns
        while end > 0, cells[row * columns + end - 1] == .blank { end -= 1 }
        return end
    }

    /// Whether after at most so many equal cells there is a difference again.
    private func isGapShort(_ old: Screen?, _ start: Int, _ column: Int, _ end: Int) -> Bool {
        for next in column..<min(end, column + 4) {
            let isSame =
                old.map { $0.cells[start + next] == cells[start + next] } ?? (cells[start + next] == .blank)
            if !isSame { return true }
        }
        return false
    }
}
