import Store
import System
import Text

/// Modules that only tasks require, when they run: kept with the others, as far as their names stand in the
/// text.
extension PlanSession {
    func keepLazyModules() throws {
        let path = ModuleFinder.path(lua.stack)
        var seen = TextSet(loaded.map(\.path))
        var left = loaded.map(\.content)
        while let content = left.popLast() {
            for name in RequireScan.names(in: content) {
                // Lua's own, and those of the machine, are no code of the plan.
                guard let found = ModuleFinder.find(name, along: path), !seen.contains(found),
                    !ModuleFinder.isOfMachine(name, at: found, lua.stack)
                else { continue }
                seen.insert(found)
                let content = try Files.read(found, limit: 1 << 26)
                try sources.keep(found, content: content)
                left.append(content)
            }
        }
        luaFields = nil
    }
}
