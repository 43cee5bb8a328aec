import Text

/// What is wrong with a settings file or an option, and where.
package struct SettingError: TextualError, Equatable {
    package let origin: Setting.Origin
    package let problem: String

    package init(_ problem: String, at origin: Setting.Origin) {
        self.problem = problem
        self.origin = origin
    }

    package var text: String { origin == .none ? problem : "\(origin.text): \(problem)" }
}
