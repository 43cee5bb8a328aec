import Model
import Store
import System
import Text

/// `xpm.save(object, folder)` and `xpm.load(folder)`: in a plan and in a job.
extension XpmModule {
    func addSaveFunctions() {
        add("save") { [unowned self] stack in
            let value = try Self.saved(stack, 1, "xpm.save")
            guard let folder = stack.string(2), !folder.isEmpty else {
                throw ScriptError("xpm.save(object, folder): the folder is a string")
            }
            try save(value, in: Paths.absolute(folder), stack)
            stack.copy(1)
            return 1
        }
        add("load") { [unowned self] stack in
            guard let folder = stack.string(1), !folder.isEmpty else {
                throw ScriptError("xpm.load(folder): the folder is a string")
            }
            try pushLoaded(Paths.absolute(folder), stack)
            return 1
        }
    }

    /// What is to be saved: an object, or a list or a map with objects.
    static func saved(_ stack: LuaStack, _ index: Int32, _ word: String) throws -> Value {
        if stack.kind(index) == .table { return try stack.value(index) }
        return .object(try object(stack, index, word))
    }

    /// Saves objects, complete and checked; they are sealed by that, so that what was saved is what they are.
    func save(_ value: Value, in folder: String, _ stack: LuaStack) throws {
        var objects: [ConfigObject] = []
        value.forEachObject { objects.append($0) }
        for object in objects {
            try takeBackTables(of: object, stack)
            do throws(any Error) {
                try object.seal()
            } catch let error as ValueError { throw Self.sealingError(error, of: object.type) }
            if savesFiles {
                object.placePaths(
                    PathPlaces(job: folder, partials: "\(workspaceFolder())/partials", base: baseFolder))
            }
        }
        if !savesFiles { return }
        try SavedObject.save(
            value, in: folder, workspace: workspaceFolder(), root: ownFolder, secrets: secrets)
    }

    /// Why an object of a type is not complete.
    static func sealingError(_ error: ValueError, of type: ConfigType) -> ScriptError {
        if case .missingParameter(let name, let owner) = error.problem, owner == type.id {
            return ScriptError("\(type.id): missing parameter '\(name)'")
        }
        return ScriptError("\(type.id)\(error.path): \(error.text)")
    }

    func pushLoaded(_ folder: String, _ stack: LuaStack) throws {
        let value = try SavedObject.load(folder, workspace: workspaceFolder()) { [unowned self] in
            type(named: $0)
        }
        try push(value, stack)
    }
}
