import Plot
import Text

/// What a search has found so far: the best value after each trial, or after so much of what is halved; a line for each
/// log of its name.
struct SearchPicture {
    /// One log.
    struct Course {
        let id: String
        /// After each trial that has a result: how much was used, and the value.
        var steps: [(used: Double, value: Double)] = []
    }

    let name: String
    let metric: String
    /// What is used: trials, or epochs.
    let unit: String
    let isMaximized: Bool
    let courses: [Course]

    func drawing(_ size: PictureSize, _ style: LineChart.Style) -> Drawing {
        let series = courses.map { course in
            var best: Double?
            var points: [LineChart.Point] = []
            for (used, value) in course.steps {
                if let known = best, isMaximized ? value <= known : value >= known { continue }
                // A stair: the one before was the best up to here.
                if let known = best { points.append(.init(x: used, y: known)) }
                best = value
                points.append(.init(x: used, y: value))
            }
            // The last best one still stood at the end.
            if let last = course.steps.last, let best, points.last.map({ $0.x < last.used }) ?? false {
                points.append(.init(x: last.used, y: best))
            }
            return LineChart.Series(
                name: courses.count > 1 ? String(course.id.prefix(bytes: 8)) : "best", points: points)
        }
        return LineChart(series, Labels(title: name, x: unit, y: "best \(metric)"), style).drawing(size)
    }
}
