package import Model
package import Settings
package import System
import Text

/// A folder with an object that was saved, or with a list or a map of objects: `experimaestro.json`, as experimaestro 2.x writes it, and the data
/// that belongs to it, each file or folder under the way from the object to the parameter: `model/weights`.
package enum SavedObject {
    package static let name = "experimaestro.json"
    /// The name that older versions of experimaestro gave the file.
    private static let formerName = "definition.json"

    /// Writes objects, and copies their data, into a folder. The description comes last, in one step: a
    /// folder that has one is whole.
    ///
    /// - Parameter root: the folder of the job or of the run that saves: below it folders are made, but not
    ///   it, nor behind a link.
    package static func save(
        _ value: Value, in folder: String, workspace: String, root: String? = nil,
        secrets: Secrets = Secrets()
    ) throws(SystemError) {
        if let root, folder.hasPrefix("\(root)/") {
            try Files.makeFolder(folder, below: root)
        } else {
            try Files.makeFolder(folder)
        }
        var failure: SystemError?
        var objects: [JSON] = []
        var writer = ObjectWriter(workspace: workspace, job: nil) { path, way in
            let name = way.map(component).joined(separator: "/")
            do throws(SystemError) { try Files.copyTree(path, to: "\(folder)/\(name)") } catch {
                failure = failure ?? error
            }
            return [
                "type": "path.serialized", "value": .string(name),
                "is_folder": .bool(Files.kind(path) == .folder),
            ]
        }
        let data = writer.json(value, &objects)
        if let failure { throw failure }
        let file: JSON = [
            "version": .int(ParameterFile.version), "scheme": .string(ParameterFile.scheme),
            "objects": .array(objects),
            "data": data,
        ]
        let bytes = file.bytes
        try Files.replace("\(folder)/\(name)", with: bytes, mode: secrets.areIn(bytes) ? 0o600 : 0o666)
    }

    /// A map's key is the user's text: as a file name it stays in its folder.
    private static func component(_ text: String) -> String {
        text.isEmpty || text == "." || text == ".." ? "_" : text.replacing("/", with: "-")
    }

    /// Reads what `save` wrote.
    ///
    /// - Parameter workspace: what relative paths are in.
    /// - Throws: an absent or unreadable file, or one that does not fit the types.
    package static func load(
        _ folder: String, workspace: String, type: @escaping (String) -> ConfigType?
    ) throws -> Value {
        let candidates = [name, formerName].map { "\(folder)/\($0)" }
        let path = candidates.first(where: Files.exists) ?? candidates[0]
        let bytes = try Files.read(path, limit: 1 << 30)
        do throws(ParameterFileError) {
            let json: JSON
            do throws(JSONError) { json = try JSON.parse(bytes) } catch { throw .notJSON(error) }
            if let version = json["version"]?.int, version > ParameterFile.version {
                throw .newer(version, known: ParameterFile.version)
            }
            guard let objects = json["objects"]?.array, let data = json["data"] else {
                throw .malformed("no objects or no data")
            }
            var options = ObjectReader.Options()
            options.allowsStrangers = true
            options.data = folder
            var reader = ObjectReader(job: folder, workspace: workspace, options: options)
            try reader.read(objects, type: type)
            return try reader.value(data)
        } catch { throw SavedObjectError(text: error.text(in: Paths.shown(path))) }
    }
}

/// Why a saved object cannot be loaded.
package struct SavedObjectError: TextualError {
    package let text: String
}
