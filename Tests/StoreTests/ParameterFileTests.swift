import Model
import Settings
import Store
import Testing
import Text

@Suite("params.json", .timeLimit(.minutes(20)))
struct ParameterFileTests {
    private struct World {
        let types: [String: ConfigType]
        let task: ConfigObject
        let workspace = Workspace(path: "/ws")

        init() throws {
            var weights = Parameter(name: "weights", type: .path)
            weights.jobPath = "w.csv"
            let model = try ConfigType(
                id: "d.model", kind: .config, parameters: [Parameter(name: "n", type: .int)])
            let train = try ConfigType(
                id: "d.train", kind: .task,
                parameters: [
                    Parameter(name: "models", type: .list(.config(ConfigReference(model)))),
                    Parameter(name: "lr", type: .float), Parameter(name: "text", type: .string),
                    Parameter(name: "any", type: .any), Parameter(name: "set", type: .set(.int)),
                    Parameter(name: "map", type: .map(.int, .string)),
                    Parameter(name: "none", type: .optional(.int)),
                    weights,
                ])
            types = ["d.model": model, "d.train": train]
            let shared = ConfigObject(model)
            try shared.set("n", to: .int(7))
            task = ConfigObject(train)
            try task.set("models", to: .list([.object(shared), .object(shared)]))
            try task.set("lr", to: .float(0.1))
            try task.set("text", to: .string("a \"b\" é\n"))
            try task.set("any", to: .map([.init(key: .string("type"), value: .list([.int(1), .float(1)]))]))
            try task.set("set", to: .list([.int(3), .int(1)]))
            try task.set("map", to: .map([.init(key: .int(5), value: .string("x"))]))
            try task.seal()
            task.task = task
            task.jobPath = "/ws/jobs/d.train/\(task.identifier.hex)"
            task.placePaths(PathPlaces(job: task.jobPath ?? "", partials: "/ws/partials"))
        }

        func read(_ bytes: [UInt8]) throws -> ConfigObject {
            let types = types
            return try ParameterFile.task(from: bytes, job: "/moved/jobs/d.train/x") { types[$0] }
        }
    }

    @Test("a task reads back with the same identity, and paths follow the folder")
    func roundTrip() throws {
        let world = try World()
        let json = ParameterFile.json(of: world.task, workspace: world.workspace, version: "t")
        let task = try world.read(json.bytes)
        #expect(task.identifier == world.task.identifier)
        #expect(task["weights"] == .path("/moved/jobs/d.train/x/w.csv"))
        guard case .list(let models)? = task["models"] else { Issue.record("no list"); return }
        #expect(models[0] == models[1])
        #expect(json["scheme"] == "experimaestro-2")
    }

    @Test("damage is an error with a reason, never a crash")
    func damage() throws {
        let world = try World()
        let bytes = ParameterFile.json(of: world.task, workspace: world.workspace, version: "t").bytes
        for end in stride(from: 0, to: bytes.count - 1, by: 3) {
            #expect(throws: ParameterFileError.self) { try world.read(Array(bytes[..<end])) }
        }
        var generator = SplitMix(seed: 2)
        for _ in 0..<5000 {
            var damaged = bytes
            damaged[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                in: 0x20...0x7e, using: &generator)
            _ = try? world.read(damaged)
        }
        #expect(throws: ParameterFileError.newer(9, known: 3)) {
            try world.read(Array(#"{"version": 9, "objects": []}"#.utf8))
        }
        #expect(throws: ParameterFileError.unknownType("no.such")) {
            try world.read(
                Array(#"{"version": 3, "objects": [{"id": 1, "typename": "no.such", "fields": {}}]}"#.utf8))
        }
    }

    @Test("files with random damage are refused or read, and what is read can be used", arguments: 0..<8)
    func fuzz(_ seed: Int) throws {
        let world = try World()
        var random = SplitMix(seed: UInt64(seed))
        let original = ParameterFile.json(of: world.task, workspace: world.workspace, version: "t").bytes
        let words = [
            "null", "1e999", "-1", "{}", "[]", "\"type\"", "\"python\"", "99", "true", "\"path\"",
            "{\"type\": \"dict\"}",
        ].map { Array($0.utf8) }
        for _ in 0..<400 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(contentsOf: words.randomElement(using: &random) ?? [], at: position)
                default:
                    // A whole value is replaced by another.
                    guard let colon = bytes[position...].firstIndex(of: UInt8(ascii: ":")),
                        let end = bytes[colon...].firstIndex(where: {
                            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}")
                        })
                    else { continue }
                    bytes.replaceSubrange(colon + 1..<end, with: words.randomElement(using: &random) ?? [])
                }
            }
            do {
                let task = try world.read(bytes)
                _ = task.identifier
                _ = task.type.parameters.map { task[$0.name]?.told }
                _ = RecordedTask(try ParameterFile.objects(in: bytes))?.tokens
            } catch let error as ParameterFileError {
                #expect(!error.text.isEmpty)
            }
        }
    }

    @Test("values of every kind of parameter are read as experimaestro writes them")
    func theirForm() throws {
        let world = try World()
        let text = """
            {"workspace": "/x", "version": 3, "experimaestro": "2.7.0", "objects": [{"id": 140, "module": "d", "type": "Train",
            "typename": "d.train", "identifier": "\(world.task.identifier.hex)", "task": 140, "fields": {"models": [], "lr": 0.1,
            "text": "t", "any": 1, "set": {"type": "set", "items": [2, 1]}, "map": {"type": "dict", "items": []}, "none": null,
            "weights": {"type": "path", "value": "w.csv", "base": "job"}}}]}
            """
        let task = try world.read(Array(text.utf8))
        #expect(
            task["set"] == .set([.int(2), .int(1)]) && task["weights"] == .path("/moved/jobs/d.train/x/w.csv")
        )
        #expect(task.identifier == world.task.identifier)
    }
}
