import ArgumentParser
import Inventory
import Text

/// Which of the values that a task logged counts, as an option says it.
enum StepChoice: ExpressibleByArgument, Equatable {
    case last, max, min, best
    case at(Double)

    init?(argument: String) {
        switch argument {
        case "last": self = .last
        case "max": self = .max
        case "min": self = .min
        case "best": self = .best
        default:
            guard let step = Double(argument), step.isFinite else { return nil }
            self = .at(step)
        }
    }

    var defaultValueDescription: String { "last" }

    /// - Parameter best: what is best; nil where nobody says.
    func step(best: Best?) -> ResultPoint.Step {
        switch self {
        case .last: .last
        case .max: .greatest
        case .min: .least
        case .best: best == .min ? .least : .greatest
        case .at(let step): .at(step)
        }
    }
}

/// Which results are the best.
enum Best: String, ExpressibleByArgument, CaseIterable { case max, min }
