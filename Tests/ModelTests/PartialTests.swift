import Model
import Store
import Testing
import Text

@Suite("Partial identifiers", .timeLimit(.minutes(20)))
struct PartialTests {
    @Test("which groups count, as experimaestro has it")
    func groups() {
        var partial = Partial(name: "p")
        #expect(!partial.excludes([]) && !partial.excludes(["a"]))
        partial.excludedGroups = ["a"]
        #expect(partial.excludes(["a"]) && partial.excludes(["a", "b"]) && !partial.excludes(["b"]))
        partial.includedGroups = ["b"]
        #expect(!partial.excludes(["a", "b"]))
        partial.excludesNoGroup = true
        #expect(partial.excludes([]) && !partial.excludes(["c"]))
        partial.excludesAll = true
        #expect(partial.excludes(["c"]) && !partial.excludes(["b"]))
    }

    @Test("tasks that differ in an excluded group share a folder, and a nested object has its own")
    func folders() throws {
        var steps = Parameter(name: "steps", type: .int)
        steps.groups = ["iter"]
        var checkpoints = Parameter(name: "checkpoints", type: .path)
        checkpoints.jobPath = "ckpt"
        checkpoints.partial = Partial(name: "runs")
        checkpoints.partial?.excludedGroups = ["iter"]
        let part = try ConfigType(id: "p.part", kind: .config, parameters: [steps, checkpoints])
        let task = try ConfigType(
            id: "p.Task", kind: .task,
            parameters: [
                steps, checkpoints, Parameter(name: "lr", type: .float),
                Parameter(name: "part", type: .config(ConfigReference(part))),
            ])
        func make(_ number: Int64, _ lr: Double) throws -> ConfigObject {
            let inner = ConfigObject(part)
            try inner.set("steps", to: .int(number))
            let object = ConfigObject(task)
            try object.set("steps", to: .int(number))
            try object.set("lr", to: .float(lr))
            try object.set("part", to: .object(inner))
            object.placePaths(PathPlaces(job: "/ws/jobs/p.task/x", partials: "/ws/partials"))
            return object
        }
        func path(_ object: ConfigObject) -> String { object["checkpoints"]?.plainText ?? "" }
        let (one, two, other) = (try make(1, 0.1), try make(2, 0.1), try make(1, 0.2))
        #expect(path(one).hasPrefix("/ws/partials/p.task/runs/") && path(one).hasSuffix("/ckpt"))
        // The part is in no group and differs in what it counts itself.
        #expect(path(one) != path(two) && path(one) != path(other))
        guard case .object(let inner)? = one["part"], case .object(let same)? = two["part"] else {
            Issue.record("no part")
            return
        }
        #expect(path(inner) == path(same) && path(inner).hasPrefix("/ws/partials/p.part/runs/"))
        #expect(one.partialFolders(in: "/ws/partials").count == 2)
    }
}
