import Text

/// The default values that the last run of an experiment had, to tell which are others now.
package struct DefaultsOfRun {
    /// By type, then by parameter.
    private var values: TextMap<TextMap<JSON>> = [:]

    package struct Change: Equatable {
        package let parameter: String
        package let old: String
        package let new: String
    }

    /// Reads the end of the run's `objects.jsonl`.
    package init(run: String?) {
        guard let run, let tail = Files.tail("\(run)/objects.jsonl", count: 1 << 16) else { return }
        for line in tail.split(separator: UInt8(ascii: "\n")) {
            guard let json = try? JSON.parse(Array(line)), let type = json["typename"]?.string,
                let defaults = json["defaults"]?.array, let fields = json["fields"]
            else { continue }
            for name in defaults.compactMap(\.string) { values[type, default: [:]][name] = fields[name] }
        }
    }

    package var isEmpty: Bool { values.isEmpty }

    /// The parameters of a type whose defaults are others now.
    package func changes(of type: ConfigType) -> [Change] {
        guard let known = values[type.python?.path ?? type.id] else { return [] }
        return type.parameters.compactMap { parameter in
            guard let old = known[parameter.name], let value = parameter.defaultValue, !value.holdsObjects
            else { return nil }
            var objects: [JSON] = []
            var writer = ObjectWriter(workspace: "", job: nil)
            let new = writer.json(value, &objects)
            return new == old ? nil : Change(parameter: parameter.name, old: old.text, new: new.text)
        }
    }
}

extension Value {
    fileprivate var holdsObjects: Bool {
        var found = false
        forEachObject { _ in found = true }
        return found
    }
}
