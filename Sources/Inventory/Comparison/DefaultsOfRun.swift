package import Model
import Store
import System
import Text

/// The default values that the last run of an experiment had, to tell which are others now.
package struct DefaultsOfRun {
    /// By type, then by parameter.
    private var values: TextMap<TextMap<JSON>> = [:]
    /// The parameters of each type that the identity left out.
    private var ignored: TextMap<TextSet> = [:]

    package struct Change: Equatable {
        package let parameter: String
        package let old: String
        package let new: String
        /// Whether the old one was left out of the identity.
        package let wasIgnored: Bool
    }

    /// Reads the end of the run's `objects.jsonl`.
    package init(run: String?) {
        guard let run, let tail = Files.tail("\(run)/objects.jsonl", count: 1 << 16) else { return }
        for line in tail.split(separator: UInt8(ascii: "\n")) {
            guard let json = try? JSON.parse(Array(line)), let type = json["typename"]?.string,
                let defaults = json["defaults"]?.array, let fields = json["fields"]
            else { continue }
            for name in defaults.compactMap(\.string) { values[type, default: [:]][name] = fields[name] }
            for name in (json["ignored-fields"]?.array ?? []).compactMap(\.string) {
                ignored[type, default: []].insert(name)
            }
        }
    }

    package var isEmpty: Bool { values.isEmpty }

    /// The parameters of a type whose defaults are others now.
    package func changes(of type: ConfigType) -> [Change] {
        let name = type.python?.path ?? type.id
        guard let known = values[name] else { return [] }
        return type.parameters.compactMap { parameter in
            guard let old = known[parameter.name], let value = parameter.defaultValue, !value.holdsObjects
            else { return nil }
            var objects: [JSON] = []
            var writer = ObjectWriter(workspace: "", job: nil)
            let new = writer.json(value, &objects)
            return new == old
                ? nil
                : Change(
                    parameter: parameter.name, old: old.text, new: new.text,
                    wasIgnored: ignored[name]?.contains(parameter.name) == true)
        }
    }
}
