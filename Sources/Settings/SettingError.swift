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

extension Setting.Content {
    /// What a plain word says.
    ///
    /// - Throws: a number that does not fit.
    package init(plain text: String, at origin: Setting.Origin) throws(SettingError) {
        do throws(PlainScalar.Misfit) {
            self =
                switch try PlainScalar(text) {
                case .null: .null
                case .bool(let value): .bool(value)
                case .int(let value): .int(value)
                case .float(let value): .float(value)
                case .string(let value): .string(value)
                }
        } catch { throw SettingError(error.problem, at: origin) }
    }
}
