import Engine
import Model
import Text

/// What a script writes for a parameter: a type and its attributes. `xpm.int { default = 1 }` makes a new
/// one.
final class ParameterSpec {
    var parameter: Parameter
    /// What became of the parameter that had this name once, if it is none any more.
    var renamed: Rename.Way?
    /// Whether attributes were given that only a parameter itself can have.
    var isParameter = false

    init(_ parameter: Parameter) { self.parameter = parameter }

    convenience init(_ type: ParameterType) { self.init(Parameter(name: "", type: type)) }

    var title: String {
        if let path = parameter.jobPath { return "xpm.job_path \"\(path)\"" }
        if renamed != nil { return "xpm.renamed" }
        if parameter.isSwept { return "xpm.sweep(xpm.\(parameter.type.title))" }
        return parameter.isConstant ? "xpm.constant" : "xpm.\(parameter.type.title)"
    }
}

/// A value marked as one that the experiment varies, or an object whose tags stay with it.
final class TagBox {
    let name: String?
    let value: Value
    /// Whether the value itself is a tag.
    let isTag: Bool
    let stopsTags: Bool

    init(name: String?, value: Value, isTag: Bool, stopsTags: Bool) {
        self.name = name
        self.value = value
        self.isTag = isTag
        self.stopsTags = stopsTags
    }
}

/// What `xpm.partial { … }` gives.
final class PartialSpec {
    let partial: Partial

    init(_ partial: Partial) { self.partial = partial }
}

/// A config type and the table that defined it.
final class TypeDefinition {
    let type: ConfigType
    /// The definition: `validate`, `execute`, `command`, `outputs` and the methods.
    let table: LuaReference
    /// The source name (as errors show it) of the file that defined it, and its line.
    let source: String
    let line: Int
    let base: TypeDefinition?

    init(type: ConfigType, table: LuaReference, source: String, line: Int, base: TypeDefinition?) {
        self.type = type
        self.table = table
        self.source = source
        self.line = line
        self.base = base
    }
}

extension ObjectClass where Object == ParameterSpec {
    static var parameterSpec: Self { .init(number: 0) }
}

extension ObjectClass where Object == TypeDefinition {
    static var configType: Self { .init(number: 1) }
}

extension ObjectClass where Object == ConfigObject {
    static var configObject: Self { .init(number: 2) }
}

extension ObjectClass where Object == TagBox {
    static var tag: Self { .init(number: 3) }
}

extension ObjectClass where Object == Job {
    static var job: Self { .init(number: 4) }
}

extension ObjectClass where Object == PartialSpec {
    static var partial: Self { .init(number: 5) }
}
