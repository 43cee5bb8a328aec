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

    /// What is added to a message that a result is not there.
    var hint: String {
        guard case .at(let step) = self else { return "" }
        return " (of logged results only what has the step \(NumberText.json(step)) counts)"
    }

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
