import CSystemShim
import Text

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A system call that failed: what was tried, on which path, and the errno.
package struct SystemError: Error, Equatable {
    /// What was being done, as in `cannot create folder`: `create folder`.
    package let operation: String
    package let path: String
    package let code: Int32

    package init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// `/data/ws/jobs: cannot create folder: Permission denied (EACCES)`
    package var text: String {
        "\(path.isEmpty ? "" : path + ": ")cannot \(operation): \(Self.message(code))\(Self.symbol(code).map { " (\($0))" } ?? "")"
    }

    /// The system's words for an errno.
    package static func message(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    private static func symbol(_ code: Int32) -> String? {
        switch code {
        case EACCES: "EACCES"
        case ENOENT: "ENOENT"
        case ENOSPC: "ENOSPC"
        case EROFS: "EROFS"
        case EIO: "EIO"
        case EEXIST: "EEXIST"
        case ENOTDIR: "ENOTDIR"
        case EISDIR: "EISDIR"
        case EDQUOT: "EDQUOT"
        case EPERM: "EPERM"
        case EMFILE: "EMFILE"
        case ENOEXEC: "ENOEXEC"
        default: nil
        }
    }
}

extension SystemError {
    /// Whether there is no such file.
    package var isMissing: Bool { code == ENOENT }

    /// Whether a file was refused for its size.
    package var isTooLarge: Bool { code == EFBIG }
}
