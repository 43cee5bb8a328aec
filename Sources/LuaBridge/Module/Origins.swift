import Model
import Text

/// The lines of a plan that make tasks: one that nothing is done with was probably to be submitted.
struct Origins {
    private var known: [LuaStack.Line: ConfigObject.Origin] = [:]
    /// In the order in which they ran first.
    private var all: [ConfigObject.Origin] = []
    /// That of the object before: most lines make many.
    private var last: (line: LuaStack.Line, origin: ConfigObject.Origin)?

    /// The origin of what is made by the line that runs now; nil where no line of the user's does.
    mutating func current(_ stack: LuaStack) -> ConfigObject.Origin? {
        guard let line = stack.line() else { return nil }
        if let last, last.line == line { return last.origin }
        let origin: ConfigObject.Origin
        if let found = known[line] {
            origin = found
        } else {
            guard let place = stack.place() else { return nil }
            origin = ConfigObject.Origin(place: "\(place.source):\(place.line)")
            known[line] = origin
            all.append(origin)
        }
        last = (line, origin)
        return origin
    }

    /// `experiment.lua:14: 3 tasks made here were neither submitted …` for each such line.
    var complaints: [String] {
        all.filter { $0.unused > 0 }.map {
            let what = $0.unused == 1 ? "a task made here was" : "\($0.unused) tasks made here were"
            return "\($0.place): \(what) neither submitted nor given to another: add :submit()"
        }
    }
}
