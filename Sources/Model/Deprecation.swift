import Text

/// What took the place of a deprecated type.
///
/// An object of a deprecated type has the identifier of the object that it is converted to, so what was
/// computed under the old definition is found under the new one.
package struct Deprecation {
    /// The new type, where the definition says it; else it is that of what `convert` makes.
    package let target: ConfigType?
    /// Makes the object that a deprecated one stands for; nil where only the id has changed.
    package let convert: ((ConfigObject) throws -> ConfigObject)?
    /// Whether making an object of the deprecated type gives one of the new type at once.
    package let replaces: Bool

    package init(
        target: ConfigType?, replaces: Bool = false, convert: ((ConfigObject) throws -> ConfigObject)?
    ) {
        self.target = target
        self.replaces = replaces
        self.convert = convert
    }
}

/// A former name of a parameter.
package struct Rename {
    package let former: String
    package let way: Way

    package enum Way {
        /// The same value goes to this parameter.
        case parameter(String)
        /// The function sets what the value means now.
        case function((ConfigObject, Value) throws(ValueError) -> Void)
    }

    package init(former: String, _ way: Way) {
        self.former = former
        self.way = way
    }
}

extension ConfigObject {
    /// Whether it is of a type, or of a deprecated one that is converted to it.
    func standsFor(_ expected: ConfigType, depth: Int = 0) -> Bool {
        if type.isKind(of: expected) { return true }
        guard depth < 64, let deprecation = type.deprecation, deprecation.target == nil,
            let convert = deprecation.convert
        else { return false }
        return (try? convert(self))?.standsFor(expected, depth: depth + 1) ?? false
    }
}
