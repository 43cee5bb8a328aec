package import Model
import System
package import Text

/// `params.json`: the parameters of a job, as experimaestro 2.x writes and reads them (version 3).
///
/// Every object of the task stands once in `objects`, after those it refers to; the task is the last. Paths
/// inside the job or the workspace are relative to it, so that folders can be copied elsewhere. `scheme`
/// names how identifiers are computed.
package enum ParameterFile {
    package static let version: Int64 = 3

    /// The name of the identity scheme, of experimaestro 2.x with the extensions of `docs/identity.md`.
    package static let scheme = "experimaestro-2"

    /// The file of a sealed task.
    package static func json(of task: ConfigObject, workspace: Workspace, version xpm: String) -> JSON {
        var objects: [JSON] = []
        var writer = ObjectWriter(workspace: workspace.path, job: task.jobPath)
        writer.leaveAncestors(of: task)
        _ = writer.number(of: task, to: &objects)
        return [
            "workspace": .string(workspace.path), "version": .int(version), "xpm": .string(xpm),
            "scheme": .string(scheme), "objects": .array(objects),
        ]
    }

    /// Rebuilds the task of a `params.json`.
    ///
    /// - Parameters:
    ///   - job: the job's folder now, in which paths relative to the job lie.
    ///   - reading: what becomes of identifiers and of unknown names.
    ///   - type: the config type with an id, or with the path of its Python class.
    package static func task(
        from bytes: [UInt8], job: String, reading: ObjectReader.Options = .init(),
        type: @escaping (String) -> ConfigType?
    ) throws(ParameterFileError) -> ConfigObject {
        let objects = try self.objects(in: bytes)
        // The job lies at WORKSPACE/jobs/TYPE/IDENTIFIER, wherever the workspace was when the file was
        // written.
        let workspace = Paths.parent(Paths.parent(Paths.parent(job)))
        var reader = ObjectReader(job: job, workspace: workspace, options: reading)
        try reader.read(objects, type: type)
        guard let last = objects.last, let task = try reader.object(of: last) else {
            throw .malformed("no objects")
        }
        task.jobPath = job
        return task
    }

    /// The workspace that the file was written in; nil where it does not say.
    package static func workspace(in bytes: [UInt8]) -> String? {
        (try? JSON.parse(bytes))?["workspace"]?.string
    }

    /// The objects of the file, as they stand there; the task is the last.
    package static func objects(in bytes: [UInt8]) throws(ParameterFileError) -> [JSON] {
        let json: JSON
        do throws(JSONError) { json = try JSON.parse(bytes) } catch { throw .notJSON(error) }
        guard let version = json["version"]?.int else { throw .malformed("no version") }
        guard version <= self.version else { throw .newer(version, known: self.version) }
        if let scheme = json["scheme"], scheme != .string(self.scheme) {
            throw .malformed("the identity scheme \(scheme.text), which this xpm does not know")
        }
        guard let objects = json["objects"]?.array, !objects.isEmpty else { throw .malformed("no objects") }
        return objects
    }
}
