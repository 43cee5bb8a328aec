import CSystemShim
import Glibc
import Text

/// A system call that failed: what was tried, on which path, and the errno.
package struct SystemError: TextualError, Equatable {
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
        "\(path.isEmpty ? "" : path + ": ")cannot \(operation): \(Self.message(code))\(Self.symbol(code).map { " (\($0))" } ?? "")\(isDenied ? Self.owner(of: path) : "")"
    }

    /// Whether a folder is where a file was wanted.
    package var isFolder: Bool { code == EISDIR }

    /// Whether it was for want of a permission.
    package var isDenied: Bool { code == EACCES || code == EPERM }

    /// Whether it is no file that anybody may read here: denied, a link, a pipe, a device.
    package var isRefused: Bool { isDenied || code == ELOOP || code == Self.notRegular }

    /// Whose the nearest thing on a path is that this user may not use, and what to do about it.
    private static func owner(of path: String) -> String {
        guard path.hasPrefix("/"), var (place, owner, mode) = Files.nearest(to: path) else { return "" }
        if Environment.isOwn(user: owner), Paths.parent(place) != place,
            let above = Files.nearest(to: Paths.parent(place))
        {
            (place, owner, mode) = above
        }
        if Environment.isOwn(user: owner) { return "" }
        let name = Environment.name(ofUser: owner)
        let hint =
            owner == 0
            ? "" : ": \(name) shares it with umask 002, or setfacl -d (docs/sharing.md)"
        return "; \(Paths.shown(place)) is \(name)'s, mode \(String(mode, radix: 8))\(hint)"
    }

    /// The errno of what is not there.
    package static let missing = ENOENT

    /// The errno of what this user may not do.
    package static let denied = EACCES

    /// In place of an errno: what is there is a pipe, a device or a socket.
    package static let notRegular: Int32 = -1

    /// The system's words for an errno.
    package static func message(_ code: Int32) -> String {
        switch code {
        case notRegular: "not a regular file"
        case EXDEV: "another disk is mounted in it"
        case EILSEQ: "the name is not UTF-8"
        case ENAMETOOLONG: "a name in it is longer than 255 bytes, or all of it than 4095"
        case ELOOP: "a symbolic link is in its place, or on the way to it"
        default: unsafe String(cString: strerror(code))
        }
    }

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
        case EFBIG: "EFBIG"
        case ENOMEM: "ENOMEM"
        case EAGAIN: "EAGAIN"
        case ELOOP: "ELOOP"
        case ENAMETOOLONG: "ENAMETOOLONG"
        default: nil
        }
    }
}

extension SystemError {
    /// Whether there is no such file.
    package var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// Whether the disk takes no writes.
    package var isReadOnly: Bool { code == EROFS }

    /// Whether a file was refused for its size.
    package var isTooLarge: Bool { code == EFBIG }

    /// Whether this process, or the machine, has no more of something for the moment: descriptors, processes,
    /// memory.
    package var isShortage: Bool { [EMFILE, ENFILE, EAGAIN, ENOMEM].contains(code) }
}
