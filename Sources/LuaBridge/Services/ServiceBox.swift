import Engine
import Store
import Text

/// A service in Lua: what it was defined with, and the living one once it was added to a run.
final class ServiceBox {
    let definition: ServiceDefinition
    /// The table that defined it: its functions are there.
    let table: LuaReference
    /// The file that defined it.
    let source: String
    /// Whether it is written in Lua instead of being a program.
    let isLua: Bool
    var service: (any Service)?
    /// Its files, once it was added to a run that has a folder.
    var folder: ServiceFolder?

    init(_ definition: ServiceDefinition, table: LuaReference, source: String, isLua: Bool) {
        self.definition = definition
        self.table = table
        self.source = source
        self.isLua = isLua
    }
}

/// A listener in Lua.
final class ListenerBox {
    let function: LuaReference

    init(_ function: LuaReference) { self.function = function }
}

extension ObjectClass where Object == ServiceBox {
    static var service: Self { .init(number: 6) }
}

extension ObjectClass where Object == ListenerBox {
    static var serviceListener: Self { .init(number: 7) }
}
