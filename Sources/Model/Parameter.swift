package import Text

/// One parameter of a config type.
package struct Parameter {
    package var name: String
    package var type: ParameterType
    /// The value of an object that gives none; nil where it must give one.
    package var defaultValue: Value?
    /// Makes the value of an object that gives none, for each object anew.
    package var makeDefault: (() throws(ValueError) -> Value)?
    /// Whether a value equal to the default is left out of the identity, so that older results stay valid.
    package var ignoresDefault = false
    package var help: String?
    /// Whether it is left out of the identity.
    package var isMeta = false
    /// Whether no object may change it.
    package var isConstant = false
    /// The name of a path made inside the job's folder, in place of a value.
    package var jobPath: String?
    /// What the path's folder depends on, if it is shared by several tasks instead of being the job's own.
    package var partial: Partial?
    /// Whether the path's content may go when all that needs it is done.
    package var isTemporary = false
    /// The groups that partial identifiers name.
    package var groups: TextSet = []
    /// Whether it is meant to stand for a parameter of the base type.
    package var overrides = false
    package var constraint = Constraint()
    /// Whether an experiment's configuration may give several values for it, which it then has one after the
    /// other.
    package var isSwept = false

    package init(name: String, type: ParameterType) {
        self.name = name
        self.type = type
    }

    /// Whether an object without a value for it is complete.
    package var isRequired: Bool {
        defaultValue == nil && makeDefault == nil && jobPath == nil && !acceptsAbsence
    }

    private var acceptsAbsence: Bool {
        if case .optional = type { true } else { false }
    }
}
