import Text

/// What a run writes to the folder of a job: `params.json` and the script.
package final class JobFiles: Sendable {
    private let parameters: [UInt8]
    private let script: [UInt8]
    /// Where a file lies until it is whole.
    private let temporaryFolder: String?

    init(parameters: [UInt8], script: [UInt8], temporaryIn folder: String?) {
        self.parameters = parameters
        self.script = script
        temporaryFolder = folder
    }

    /// Writes them. The script comes last: a folder that has one is whole.
    func write(to folder: JobFolder, _ language: JobScript.Language) throws(SystemError) {
        let isNew: Bool
        if DeprecatedJobs.isLink(folder.path) {
            isNew = false
        } else {
            isNew = try Files.makeFolder(folder.path, in: folder.workspace)
        }
        let scriptPath = folder.script(language)
        if isNew, try Files.create(folder.parameters, with: parameters),
            try Files.create(scriptPath, with: script, mode: 0o777)
        {
            return
        }
        // Somebody else may be reading them. What is left of this where xpm is killed lies in its run, and goes with the next one.
        try Files.replace(folder.parameters, with: parameters, temporaryIn: temporaryFolder)
        try Files.replace(scriptPath, with: script, mode: 0o777, temporaryIn: temporaryFolder)
    }
}
