package import Model
import System
package import Text

/// The parameters of a task as a file has them: read without the types, so that any job can be compared with
/// any other.
package struct RecordedTask {
    package struct Object {
        package let type: String
        package let identifier: String
        package let task: Int64?
        package let initTasks: [Int64]
        package let fields: [JSON.Member]
        /// Fields that were left at their defaults.
        package let defaults: TextSet
        /// Fields that are no part of the identity, whatever they hold.
        package let meta: TextSet
        /// Fields whose default does not count, and that are at it.
        package let ignored: TextSet
        /// The file that it was left to, relative to the workspace.
        package let file: String?
        /// Fields with a path whose content may go when nobody needs it.
        package let temporary: TextSet

        /// Whether a field is no part of the identity.
        package func doesNotCount(_ name: String) -> Bool { meta.contains(name) || ignored.contains(name) }
    }

    package let objects: [Int64: Object]
    package let root: Int64
    /// The workspace, for what was left to files of their own.
    private var workspace: String?

    /// From the objects of `params.json`; the task is the last.
    package init?(_ definitions: [JSON]) {
        var objects: [Int64: Object] = [:]
        for definition in definitions {
            guard let number = definition["id"]?.int else { return nil }
            var fields: [JSON.Member] = []
            if case .object(let members)? = definition["fields"] { fields = members }
            func names(_ key: String) -> TextSet {
                TextSet(definition[key]?.array?.compactMap(\.string) ?? [])
            }
            objects[number] = Object(
                type: definition["typename"]?.string ?? "?",
                identifier: definition["identifier"]?.string ?? "",
                task: definition["task"]?.int,
                initTasks: definition["init-tasks"]?.array?.compactMap(\.int) ?? [], fields: fields,
                defaults: names("defaults"), meta: names("meta-fields"),
                ignored: names("ignored-fields"), file: definition["params"]?.string,
                temporary: names("temporary-fields"))
        }
        guard let root = definitions.last?["id"]?.int else { return nil }
        self.objects = objects
        self.root = root
    }

    /// A task of this plan.
    package init?(_ task: ConfigObject, workspace: Workspace) {
        var objects: [JSON] = []
        var writer = ObjectWriter(workspace: workspace.path, job: task.jobPath)
        writer.leaveAncestors(of: task)
        _ = writer.number(of: task, to: &objects)
        self.init(objects)
        self.workspace = workspace.path
    }

    /// The task of a job's folder.
    package static func read(_ folder: String) throws -> RecordedTask {
        guard var task = RecordedTask(try definitions(in: folder)) else { preconditionFailure("checked") }
        task.workspace = Paths.parent(Paths.parent(Paths.parent(folder)))
        return task
    }

    /// The objects of a job's folder, each with a number; the task is the last.
    package static func definitions(in folder: String) throws -> [JSON] {
        let path = "\(folder)/params.json"
        let bytes = try Files.readSmall(path, limit: 1 << 28)
        do throws(ParameterFileError) {
            let objects = try ParameterFile.objects(in: bytes)
            guard objects.allSatisfy({ $0["id"]?.int != nil }) else {
                throw .malformed("an object without a number")
            }
            return objects
        } catch { throw SavedObjectError(text: error.text(in: Paths.shown(path))) }
    }

    /// An object, from its own file where it was left there; nil where that cannot be read.
    package func whole(_ number: Int64) -> (task: RecordedTask, number: Int64)? {
        guard let object = objects[number] else { return nil }
        if object.file == nil { return (self, number) }
        guard let place = place(of: number), let task = try? RecordedTask.read(place) else { return nil }
        return (task, task.root)
    }

    /// The folder of the job whose file has an object; nil for one of this file, and where none is named well.
    package func place(of number: Int64) -> String? {
        guard let workspace, let file = objects[number]?.file, !file.hasPrefix("/"),
            !file.split(separator: "/").contains("..")
        else { return nil }
        return Paths.parent("\(workspace)/\(file)")
    }

    /// The paths in the job's folder whose content may go when nobody needs it.
    package var temporaryPaths: [String] {
        objects.values.flatMap { object in
            object.fields.filter { object.temporary.contains($0.name) && $0.value["base"] == "job" }
                .compactMap { $0.value["value"]?.string }
        }
        .filter { !$0.isEmpty && !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") && $0 != "." }
        .sorted(by: ByteOrder.less)
    }

    /// What an index of tasks knows of it: a number for each plain parameter of the task itself that counts,
    /// and its value.
    package var tokens: [UInt64] {
        guard let object = objects[root] else { return [] }
        return object.fields.compactMap { field in
            // What is nothing is no difference, and of objects and paths nobody can say.
            if object.doesNotCount(field.name) || field.value == .null { return nil }
            if field.value.holdsObjects { return nil }
            return RecordedFields.token(JSON.object([field]).bytes.dropFirst().dropLast())
        }
    }
}

extension JSON {
    /// Whether it is, or has in it, anything that stands in braces.
    fileprivate var holdsObjects: Bool {
        switch self {
        case .object: true
        case .array(let values): values.contains(where: \.holdsObjects)
        default: false
        }
    }
}
