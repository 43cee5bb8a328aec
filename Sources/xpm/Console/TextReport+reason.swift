import Engine
import Inventory
import Model
import Store
import System
import Text

/// Why a job runs or does not, in words.
extension TextReport {
    private static let most = 8

    func state(_ reason: JobReason) -> String {
        let name = reason.state.rawValue
        return switch reason.state {
        case .cached: style.green(name)
        case .new: style.cyan(name)
        default: style.yellow(name)
        }
    }

    /// The lines below a job.
    func reason(_ reason: JobReason) -> [String] {
        var lines: [String] = []
        func add(_ word: String, _ texts: [String]) {
            for (index, text) in texts.prefix(Self.most).enumerated() {
                let head = index == 0 ? word : ""
                lines.append("    \(head.padded(to: 7))\(Self.printable(text))")
            }
            if texts.count > Self.most { lines.append("           and \(texts.count - Self.most) more") }
        }
        let newer = reason.newer.map {
            "\(Paths.name(Paths.parent($0.path))) \(Paths.name($0.path).prefix(8)), which it is made from, \(reason.state == .cached ? "is made again: --refresh runs it" : "was made again since")"
        }
        let differences = reason.differences.filter { $0.note != .outsideIdentity }.map(\.text)
        switch reason.state {
        case .unreadable: add("why", [reason.problem?.text].compactMap(\.self))
        case .remade:
            add("why", newer)
            add(
                "for",
                reason.neededBy.map {
                    ["\($0.taskID) \($0.identifier.short), which needs its temporary output"]
                } ?? [])
        case .cached:
            add("older", newer)
            add("since", reason.changedFiles.map { "\($0) changed" } + reason.changedVariables + differences)
        default:
            if let old = reason.formerly {
                let name = "\(Paths.name(Paths.parent(old.path))) \(Paths.name(old.path).prefix(8))"
                add(
                    "has", ["\(name) is its result under the old definition: link it with xpm deprecated fix"]
                )
            }
            guard let nearest = reason.nearest else { break }
            add(reason.state == .changed ? "why" : "near", differences)
            let maker = reason.run.map { " of \($0)" } ?? ""
            add("than", ["\(Paths.name(nearest.path).prefix(8))\(maker)"])
        }
        return lines
    }
}

extension JobReason {
    var json: JSON {
        [
            "state": .string(state.rawValue), "nearest": .optional(nearest.map { Paths.name($0.path) }),
            "run": .optional(run), "formerly": .optional(formerly?.path),
            "differences": .array(differences.map(\.json)),
            "changed_files": .array(changedFiles.map(JSON.string)),
            "changed_variables": .array(changedVariables.map(JSON.string)),
            "newer": .array(newer.map { .string($0.path) }), "needed_by": .optional(neededBy?.identifier.hex),
            "problem": .optional(problem?.text),
        ]
    }
}
