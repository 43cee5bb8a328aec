import Model
import Store
import System
import TestSupport
import Testing
import Text

@Suite("Saved objects", .timeLimit(.minutes(20)))
struct SavedObjectTests {
    private struct World {
        let folder: TemporaryFolder
        let types: [String: ConfigType]
        let root: ConfigObject

        init() throws {
            folder = try TemporaryFolder()
            let model = try ConfigType(
                id: "s.model", kind: .config,
                parameters: [Parameter(name: "weights", type: .dataPath), Parameter(name: "n", type: .int)])
            let ensemble = try ConfigType(
                id: "s.ensemble", kind: .config,
                parameters: [Parameter(name: "models", type: .map(.string, .config(.init(model))))])
            types = ["s.model": model, "s.ensemble": ensemble]
            func make(_ n: Int64, _ path: String) throws -> ConfigObject {
                let object = ConfigObject(model)
                try object.set("weights", to: .string(path))
                try object.set("n", to: .int(n))
                return object
            }
            try folder.write("w", to: "data/deep/w.bin")
            try folder.write("single", to: "one.bin")
            let (one, two) = (
                try make(1, "\(folder.path)/data"), try make(2, "\(folder.path)/one.bin")
            )
            root = ConfigObject(ensemble)
            func entry(_ key: String, _ object: ConfigObject) -> Value.Entry {
                .init(key: .string(key), value: .object(object))
            }
            try root.set("models", to: .map([entry("a", one), entry("b", two), entry("c", one)]))
            try root.seal()
        }

        func load(_ name: String) throws -> ConfigObject {
            let types = types
            let value = try SavedObject.load("\(folder.path)/\(name)", workspace: "/ws") { types[$0] }
            guard case .object(let object) = value else { throw SystemError("load", name, code: 0) }
            return object
        }
    }

    @Test("an object comes back with its identity, its data beside it, shared objects shared")
    func roundTrip() throws {
        let world = try World()
        try SavedObject.save(.object(world.root), in: "\(world.folder.path)/saved", workspace: "/ws")
        // Saved data do not follow what they were copied from.
        try world.folder.write("changed", to: "one.bin")
        let loaded = try world.load("saved")
        #expect(loaded.identifier == world.root.identifier && loaded.isSealed)
        guard case .map(let entries)? = loaded["models"], case .object(let one) = entries[0].value,
            case .object(let two) = entries[1].value, case .object(let again) = entries[2].value
        else {
            Issue.record("no models")
            return
        }
        #expect(one === again && one !== two)
        let weights = one["weights"]?.plainText ?? ""
        #expect(try Files.readText("\(weights)/deep/w.bin") == "w")
        #expect(try Files.readText(two["weights"]?.plainText ?? "") == "single")
    }

    @Test("what cannot be loaded says why")
    func damage() throws {
        let world = try World()
        #expect(throws: SystemError.self) { try world.load("nothing") }
        for (text, reason) in [
            ("{", "is not JSON"), ("{}", "no objects or no data"),
            (#"{"version": 9, "objects": [], "data": {}}"#, "has version 9"),
            (
                #"{"objects": [{"id": 1, "typename": "no.such", "identifier": "\#(String(repeating: "0", count: 64))", "fields": {}}], "data": {"type": "python", "value": 1}}"#,
                "no.such"
            ),
            (
                #"{"objects": [{"id": 1, "typename": "s.model", "identifier": "\#(String(repeating: "0", count: 64))", "fields": {"weights": {"type": "path.serialized", "value": "../../etc"}}}], "data": 1}"#,
                "leads out of the folder"
            ),
        ] {
            try world.folder.write(text, to: "bad/experimaestro.json")
            #expect { try world.load("bad") } throws: { error in
                (error as? SavedObjectError)?.text.contains(reason) ?? false
            }
        }
    }

    @Test("data that are not there are an error, and leave no description behind")
    func missingData() throws {
        let world = try World()
        try Files.remove("\(world.folder.path)/one.bin")
        #expect(throws: SystemError.self) {
            try SavedObject.save(.object(world.root), in: "\(world.folder.path)/saved", workspace: "/ws")
        }
        #expect(!Files.exists("\(world.folder.path)/saved/experimaestro.json"))
    }
}
