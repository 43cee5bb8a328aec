import CSystemShim
import Glibc
import Text

/// The arguments that this process was started with, the program first: as the kernel gave them, without
/// /proc.
package enum Arguments {
    package static let all: [String] = bytes.map { String(decoding: $0, as: UTF8.self) }

    /// The first that is not UTF-8, with what can be shown of it: Swift would replace its bytes, and another
    /// file would be meant.
    package static var firstThatIsNotUTF8: String? {
        bytes.first { String(validating: $0, as: UTF8.self) == nil }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static var bytes: [[UInt8]] {
        (0..<xsys_argument_count()).map { index in
            guard let text = unsafe xsys_argument(index) else { return [] }
            return unsafe UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) }
        }
    }
}
