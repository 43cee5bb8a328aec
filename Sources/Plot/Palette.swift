import Text

/// How the series of a picture are told apart, also by those who see few colours.
package enum Palette {
    /// Seven of Okabe and Ito, 2008, which anybody tells apart; the eighth, yellow, is not read on white.
    private static let lines = [
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
    ]

    package static func line(_ number: Int) -> String { lines[number % lines.count] }

    /// What tells lines of one colour apart; nil for a line that is whole.
    package static func dash(_ number: Int) -> String? {
        [nil, "7 3", "2 3", "10 3 2 3"][number / lines.count % 4]
    }

    /// What tells points of one colour apart.
    package static func marker(_ number: Int) -> Drawing.Marker {
        [.circle, .square, .triangle, .diamond][number / lines.count % 4]
    }

    /// From 0 to 1 along viridis (Smith and van der Walt, 2015), between seven of its colours at equal
    /// distances.
    package static func ramp(_ share: Double) -> String {
        let stops: [(Double, Double, Double)] = [
            (68, 1, 84), (68, 57, 131), (49, 104, 142), (33, 145, 140), (53, 183, 121), (144, 215, 67),
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
