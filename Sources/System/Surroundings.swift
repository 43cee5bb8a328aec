import Glibc
import Text

/// What xpm cannot do without: said before anything is done.
package enum Surroundings {
    /// What is missing, and what to do about it; nil where all is there.
    package static var problem: String? {
        if Files.kind("/proc/self/stat") == nil {
            return "/proc is not mounted here: xpm finds processes by it (mount -t proc proc /proc)"
        }
        do throws(SystemError) { _ = try Descriptor(opening: "/dev/null", O_RDWR) } catch {
            return "\(error.text): jobs read from it"
        }
        guard let folder = unsafe getcwd(nil, 0) else {
            return "the current folder: \(SystemError.message(errno)): go to one that is there"
        }
        defer { unsafe free(folder) }
        if unsafe String(validatingCString: folder) == nil {
            return unsafe "the name of the current folder is not UTF-8: \(String(cString: folder))"
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "TMPDIR"] {
            if let text = unsafe getenv(name), unsafe String(validatingCString: text) == nil {
                return unsafe "the variable \(name) is not UTF-8: \(String(cString: text))"
            }
        }
        return nil
    }
}
