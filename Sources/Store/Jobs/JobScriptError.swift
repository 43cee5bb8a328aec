package import System
import Text

/// Why a file cannot be run as a job.
package enum JobScriptError: TextualError, Equatable {
    case notAScript
    case newer(Int)
    case unfinished(need: String)
    /// A file has another content than the job was submitted with: both sums.
    case changed(file: String, submitted: String, now: String)
    /// It was written while the job ran, and has its content again.
    case written(file: String)
    case unreadable(file: String, SystemError)

    package var text: String {
        switch self {
        case .notAScript: "not a job script of xpm"
        case .newer(let version):
            "a job script of version \(version); this xpm-job knows versions up to \(JobScript.version): use the newer xpm"
        case .unfinished(let need): "it needs \(need), which is not done yet: run that task first"
        case .changed(let file, let submitted, let now):
            "\(file) is not what the job was submitted with: sha256 \(submitted) then, \(now) now; the next run makes a job for what it is now"
        case .written(let file):
            "\(file) was written, or replaced: nobody can tell what the job has read"
        case .unreadable(let file, let error):
            "\(error.text): nobody can tell whether \(Paths.name(file)) is what the job was submitted with"
        }
    }
}
