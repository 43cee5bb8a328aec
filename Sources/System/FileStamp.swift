import CSystemShim
import Glibc
import Text

/// What no other file of this machine has while this one is there.
package struct FileIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
}

/// What a file has as long as nobody writes it or puts another in its place; links are followed.
package struct FileStamp: Equatable, Sendable {
    package var inode: UInt64 = 0
    /// In bytes; -1 is no file's.
    package var size: Int64 = -1
    /// In microseconds since 1970.
    package var modified: Int64 = 0
    /// The same, of a time that no program can set.
    package var changed: Int64 = 0

    package init(inode: UInt64 = 0, size: Int64 = -1, modified: Int64 = 0, changed: Int64 = 0) {
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
    }

    /// What only a write or another file changes, as bytes, with the device that it lies on.
    package func bytes(_ device: UInt64) -> [UInt8] {
        [device, inode, UInt64(bitPattern: size), UInt64(bitPattern: modified)].flatMap { number in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
        }
    }

    /// The coarsest times of file systems, and more.
    private static let margin: Int64 = 3_000_000

    /// What a file has now, if a later change is sure to show: nil for one that was changed a moment ago,
    /// since the next change may have the same time (as git's racy index entries), and for one on a file
    /// system that does not note changes by itself.
    ///
    /// - Parameter now: read before the file is.
    package static func lasting(_ path: String, now: Timestamp = .now) -> FileStamp? {
        guard let stamp = Files.stamp(path), stamp.isLasting(path, now: now) else { return nil }
        return stamp
    }

    /// Whether a later change of what it is of is sure to show.
    package func isLasting(_ path: String, now: Timestamp = .now) -> Bool {
        max(modified, changed) < now.microseconds - Self.margin && (unsafe xsys_notes_changes(path))
    }
}
