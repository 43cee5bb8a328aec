import Inventory
import Model
import Store
import Testing
import Text

@Suite("Differences of tasks", .timeLimit(.minutes(20)))
struct TaskDifferenceTests {
    private let optimizer: ConfigType
    private let train: ConfigType
    private let evaluate: ConfigType

    init() throws {
        func parameter(_ name: String, _ type: ParameterType, _ value: Value? = nil) -> Parameter {
            var parameter = Parameter(name: name, type: type)
            parameter.defaultValue = value
            return parameter
        }
        optimizer = try ConfigType(
            id: "c.optimizer", kind: .config,
            parameters: [parameter("lr", .float), parameter("name", .string, .string("sgd"))])
        var verbose = parameter("verbose", .bool, .bool(false))
        verbose.isMeta = true
        train = try ConfigType(
            id: "c.train", kind: .task,
            parameters: [
                parameter("optimizer", .config(.init(optimizer))),
                parameter("layers", .list(.int), .list([.int(1)])),
                parameter("options", .map(.string, .int), .map([])), verbose,
            ])
        evaluate = try ConfigType(
            id: "c.evaluate", kind: .task, parameters: [parameter("trained", .config(.init(train)))])
    }

    private func make(
        lr: Double, layers: [Int64]? = nil, options: [String: Int64] = [:], verbose: Bool = false
    ) throws -> ConfigObject {
        let inner = ConfigObject(optimizer)
        try inner.set("lr", to: .float(lr))
        let object = ConfigObject(train)
        try object.set("optimizer", to: .object(inner))
        if let layers { try object.set("layers", to: .list(layers.map(Value.int))) }
        try object.set("verbose", to: .bool(verbose))
        try object.set(
            "options", to: .map(options.map { .init(key: .string($0.key), value: .int($0.value)) }))
        object.task = object
        let evaluation = ConfigObject(evaluate)
        try evaluation.set("trained", to: .object(object))
        evaluation.task = evaluation
        return evaluation
    }

    private func texts(_ old: ConfigObject, _ new: ConfigObject, throughEqual: Bool = false) throws
        -> [String]
    {
        let workspace = Workspace(path: "/ws")
        let before = try #require(RecordedTask(old, workspace: workspace))
        let after = try #require(RecordedTask(new, workspace: workspace))
        return after.differences(from: before, throughEqual: throughEqual).map(\.text)
    }

    @Test("the way to each value, through tasks, lists and maps")
    func ways() throws {
        let old = try make(lr: 0.1, layers: [1, 2], options: ["a": 1, "b": 2])
        #expect(try texts(old, make(lr: 0.1, layers: [1, 2], options: ["a": 1, "b": 2])).isEmpty)
        #expect(
            try texts(old, make(lr: 0.01, layers: [1, 3], options: ["a": 1, "c": 2])) == [
                "trained.layers[2]: 2 → 3", "trained.optimizer.lr: 0.1 → 0.01",
                "trained.options.b: 2 → (not there)", "trained.options.c: (not there) → 2",
            ])
        #expect(
            try texts(old, make(lr: 0.1, layers: [4], options: ["a": 1, "b": 2])) == [
                "trained.layers: [1, 2] → [4]"
            ])
    }

    @Test("what is no part of the identity is told only where it is asked for")
    func outside() throws {
        let (old, new) = (try make(lr: 0.1), try make(lr: 0.1, verbose: true))
        #expect(try texts(old, new).isEmpty)
        #expect(
            try texts(old, new, throughEqual: true) == [
                "trained.verbose: false → true (not part of the identity)"
            ])
    }

    @Test("a default that has changed is told as one")
    func defaultChanged() throws {
        var parameter = Parameter(name: "n", type: .int)
        func task(_ value: Int64) throws -> ConfigObject {
            parameter.defaultValue = .int(value)
            let object = ConfigObject(try ConfigType(id: "c.n", kind: .task, parameters: [parameter]))
            object.task = object
            return object
        }
        #expect(try texts(task(1), task(2)) == ["n: 1 → 2 (its default changed)"])
    }
}
