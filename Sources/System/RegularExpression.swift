import CSystemShim
import Text

/// A POSIX extended regular expression (regex(7)), as grep -E has them.
///
/// Safe: the pointer is made and freed here, and never given away.
@safe package final class RegularExpression {
    private let pointer: OpaquePointer

    /// - Returns: nil for a text that is none.
    package init?(_ text: String) {
        guard let pointer = unsafe xsys_regex_new(text) else { return nil }
        unsafe self.pointer = pointer
    }

    deinit { unsafe xsys_regex_free(pointer) }

    package func isFound(in text: String) -> Bool { unsafe xsys_regex_found(pointer, text) }
}
