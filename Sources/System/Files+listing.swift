import CSystemShim
import Glibc
import Text

/// What is in folders.
extension Files {
    /// What has a name in a folder.
    package struct Entry: Sendable {
        package let name: String
        /// No link is followed.
        package let kind: Kind
        /// Whether the disk has told the kind.
        fileprivate let isTold: Bool

        fileprivate init(name: String, kind: Kind) { (self.name, self.kind, isTold) = (name, kind, true) }

        fileprivate init(name: String, told type: UInt8) {
            self.name = name
            isTold = Int32(type) != Int32(DT_UNKNOWN)
            kind =
                switch Int32(type) {
                case Int32(DT_REG): .file
                case Int32(DT_DIR): .folder
                case Int32(DT_LNK): .link
                default: .other
                }
        }
    }

    /// The paths of all in a folder; none where that is not there, or cannot be read.
    package static func paths(in folder: String) -> [String] {
        ((try? list(folder)) ?? []).map { "\(folder)/\($0)" }
    }

    /// What is in a folder, in byte order, without `.` and `..`. A name that is not UTF-8 is none of xpm's, and left
    /// out.
    package static func entries(_ path: String) throws(SystemError) -> [Entry] {
        var found: [Entry] = []
        try unsafe each(path) { name, type in
            if let name = unsafe String(validatingCString: name), name != ".", name != ".." {
                found.append(Entry(name: name, told: type))
            }
        }
        // Disks that do not tell are asked for each.
        return found.sorted { ByteOrder.less($0.name, $1.name) }.map { entry in
            if entry.isTold { return entry }
            return Entry(
                name: entry.name, kind: kind("\(path)/\(entry.name)", followingLinks: false) ?? .other)
        }
    }

    /// The names in a folder, in byte order, without `.` and `..`. A name that is not UTF-8 is none of xpm's,
    /// and left out.
    ///
    /// - Throws: EILSEQ for such a name, where it is refused.
    package static func list(
        _ path: String, refusingStrangers: Bool = false
    ) throws(SystemError) -> [String] {
        var names: [String] = []
        var strange: String?
        try unsafe each(path) { name, _ in
            if let known = unsafe String(validatingCString: name) {
                if known != ".", known != ".." { names.append(known) }
            } else if strange == nil {
                strange = unsafe String(cString: name)
            }
        }
        if refusingStrangers, let strange {
            throw SystemError("read the name", "\(path)/\(strange)", code: EILSEQ)
        }
        return names.sorted(by: ByteOrder.less)
    }

    /// Hands on the names in a folder, with what the disk tells of each (`d_type`).
    private static func each(
        _ path: String, _ body: (UnsafePointer<CChar>, UInt8) -> Void
    ) throws(SystemError) {
        guard let folder = unsafe opendir(path) else { throw SystemError("list", path, code: errno) }
        defer { unsafe _ = closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let type = unsafe entry.pointee.d_type
            unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe body($0, type) }
            }
        }
    }

    /// Links what a folder has with names that are not UTF-8 into another one, byte for byte.
    package static func linkStrangers(of folder: String, into place: String) {
        func path(_ folder: String, _ name: [CChar]) -> [CChar] {
            folder.utf8.map { CChar(bitPattern: $0) } + [CChar(UInt8(ascii: "/"))] + name
        }
        // One that is there is the link, or was kept.
        for name in strangers(in: folder) { unsafe _ = symlink(path(folder, name), path(place, name)) }
    }

    /// Removes what a folder has with names that are not UTF-8.
    package static func removeStrangers(in folder: String) throws(SystemError) {
        for name in strangers(in: folder) {
            let failure = unsafe xsys_remove_tree(folder, name)
            if failure < 0 { throw SystemError("remove", folder, code: -failure) }
        }
    }

    /// The names in a folder that are not UTF-8, with the NUL at their ends; none where it cannot be listed.
    private static func strangers(in folder: String) -> [[CChar]] {
        var names: [[CChar]] = []
        unsafe try? each(folder) { name, _ in
            guard unsafe String(validatingCString: name) == nil else { return }
            names.append(unsafe Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
        }
        return names
    }

    /// The files named `….lock` in a folder and those below it.
    package static func locks(below folder: String) -> [String] {
        ((try? list(folder)) ?? []).flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            if kind(path, followingLinks: false) == .folder { return locks(below: path) }
            return name.hasSuffix(".lock") ? [path] : []
        }
    }
}
