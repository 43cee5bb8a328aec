import Text

/// Why a file cannot be run as a job.
package enum ScriptError: Error, Equatable {
    case notAScript
    case newer(Int)
    case unfinished(need: String)
    case changed(file: String)

    package var text: String {
        switch self {
        case .notAScript: "not a job script of xpm"
        case .newer(let version):
            "a job script of version \(version); this xpm-job knows versions up to \(JobScript.version): use the newer xpm"
        case .unfinished(let need): "it needs \(need), which is not done yet: run that task first"
        case .changed(let file):
            "\(file) is not any more what the job was submitted with; the next run makes a job for what it is now"
        }
    }
}
