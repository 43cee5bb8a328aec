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
    /// What its functions have kept in it: `self.count = 1`.
    var fields: LuaReference?
    /// Its parts, once it was added.
    private var parts: [ServiceBox] = []

    init(_ definition: ServiceDefinition, table: LuaReference, source: String, isLua: Bool) {
        self.definition = definition
        self.table = table
        self.source = source
        self.isLua = isLua
    }

    /// The fields and methods that every service has.
    static let ownFields = [
        "id", "state", "url", "error", "dir", "log", "description", "start", "stop", "add", "add_listener",
        "remove_listener", "wait", "parts",
    ]

    /// Its parts by their names.
    func namedParts() -> [(name: String, box: ServiceBox)] {
        if parts.isEmpty {
            parts = (service?.parts ?? []).compactMap { $0 as? ProcessService }.map { part in
                let box = ServiceBox(part.definition, table: table, source: source, isLua: false)
                (box.service, box.folder) = (part, part.folder)
                return box
            }
        }
        return parts.map { ($0.definition.id, $0) }
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
