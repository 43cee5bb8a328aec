import Model
import Text

/// Lists, sets and maps of objects, as scripts hold them.
///
/// A script that reads such a parameter gets a table, the same one each time; what it changes in it counts
/// when the object is submitted, identified or copied. Of one that was submitted it gets a copy each time, so
/// that nothing sees another value than the identifier is made of. The tables are attached to the object's
/// userdata, by the position of their parameter.
extension XpmModule {
    /// Pushes the value of the object at index 1 of a call.
    func pushValue(of object: ConfigObject, _ position: Int, _ stack: LuaStack) throws {
        let value = object.values[position] ?? .null
        guard value.isTable, !(object.isSealed && isRunning) else { return try push(value, stack) }
        let key = Int64(position + 1)
        stack.getAttached(to: 1)
        if stack.kind(-1) != .table {
            stack.pop()
            stack.pushTable()
            stack.copy(-1)
            stack.setAttached(to: 1)
        }
        stack.get(at: key, from: -1)
        if stack.kind(-1) != .table {
            stack.pop()
            try push(value, stack)
            stack.copy(-1)
            stack.set(at: key, in: -3)
            hasHandedOut = true
        }
        stack.insert(-2)
        stack.pop()
    }

    /// The parameter has a new value: a table that was handed out for the former one is only a table now.
    func forgetTable(of userdata: Int32, _ object: ConfigObject, _ name: String, _ stack: LuaStack) {
        var name = name
        if case .parameter(let now)? = object.type.rename(of: name)?.way { name = now }
        guard let position = object.type.position(of: name) else { return forgetTables(of: userdata, stack) }
        stack.getAttached(to: userdata)
        if stack.kind(-1) == .table {
            stack.pushNil()
            stack.set(at: Int64(position + 1), in: -2)
        }
        stack.pop()
    }

    /// Nobody knows which parameters a function has set.
    private func forgetTables(of userdata: Int32, _ stack: LuaStack) {
        stack.pushTable()
        stack.setAttached(to: userdata)
    }

    /// Gives an object, and those in it, the values that their tables have now.
    func takeBackTables(of object: ConfigObject, _ stack: LuaStack) throws {
        guard hasHandedOut else { return }
        var visited: Set<ObjectIdentifier> = []
        try takeBackTables(of: object, stack, &visited)
    }

    private func takeBackTables(
        of object: ConfigObject, _ stack: LuaStack, _ visited: inout Set<ObjectIdentifier>
    ) throws {
        guard !object.isSealed, visited.insert(ObjectIdentifier(object)).inserted else { return }
        try stack.reserve(6)
        if pushKnown(object, stack) {
            stack.getAttached(to: -1)
            defer { stack.pop(2) }
            if stack.kind(-1) == .table { try takeBack(object, stack) }
        }
        try object.forEachObject { try takeBackTables(of: $0, stack, &visited) }
    }

    /// Reads the tables in the table on top.
    private func takeBack(_ object: ConfigObject, _ stack: LuaStack) throws {
        for (position, parameter) in object.type.parameters.enumerated() where !parameter.isConstant {
            stack.get(at: Int64(position + 1), from: -1)
            defer { stack.pop() }
            guard stack.kind(-1) == .table else { continue }
            do throws(ValueError) {
                let value: Value
                do { value = try stack.value(-1) } catch let error as ScriptError {
                    throw ValueError(.refused(error.message), at: ".\(parameter.name)")
                } catch { throw ValueError(.refused("\(error)"), at: ".\(parameter.name)") }
                try object.set(parameter.name, to: value)
            } catch { throw ScriptError("\(object.type.id)\(error.path): \(error.text)") }
        }
    }
}

extension Value {
    fileprivate var isTable: Bool {
        switch self {
        case .list, .set, .map, .openMap: true
        default: false
        }
    }
}
