import Settings
import Store
import System
import Text

/// What a run writes to the folder of a job: `params.json`, the script, and the values of its variables.
package final class JobFiles: Sendable {
    private let parameters: [UInt8]
    private let script: [UInt8]
    /// Empty for a job without any.
    private let variables: [UInt8]
    private let attachments: [JobScript.Attachment]
    /// Who may do what with the parameters and the script.
    private let mode: UInt32
    /// Where a file lies until it is whole.
    private let temporaryFolder: String?

    /// - Parameter secrets: a file with one of them is for its owner only.
    init(
        parameters: [UInt8], script: [UInt8], variables: [EnvironmentVariable],
        attachments: [JobScript.Attachment] = [], secrets: Secrets, temporaryIn folder: String?
    ) {
        self.attachments = attachments
        self.parameters = parameters
        self.script = script
        self.variables = Array(JobScript.exports(variables).utf8)
        let holdsSecret =
            secrets.areIn(parameters) || secrets.areIn(script)
            || attachments.contains { secrets.areIn($0.content) }
        mode = holdsSecret ? 0o700 : 0o777
        temporaryFolder = folder
    }

    /// Writes them. The script comes last: a folder that has one is whole.
    ///
    /// - Returns: whether the folder was made for them.
    @discardableResult
    func write(to folder: JobFolder, _ language: JobScript.Language) throws(SystemError) -> Bool {
        let isNew: Bool
        if DeprecatedJobs.isLink(folder.path) {
            isNew = false
        } else {
            isNew = try Files.makeFolder(folder.path, in: folder.workspace)
        }
        let scriptPath = folder.script(language)
        for attachment in attachments {
            let place = "\(folder.path)/\(JobScript.Attachment.folder)/\(attachment.name)"
            try Files.makeFolder(Paths.parent(place), in: folder.workspace)
            try replace(place, with: attachment.content, mode: mode & 0o666)
        }
        if isNew, try Files.create(folder.parameters, with: parameters, mode: mode & 0o666),
            try createVariables(of: folder),
            try Files.create(scriptPath, with: script, mode: mode)
        {
            return true
        }
        // Somebody else may be reading them. What is left of this where xpm is killed lies in its run, and
        // goes with the next one.
        try replace(folder.parameters, with: parameters, mode: mode & 0o666)
        if variables.isEmpty {
            try Files.remove(folder.variables)
        } else {
            try replace(folder.variables, with: variables, mode: 0o600)
        }
        try replace(scriptPath, with: script, mode: mode)
        return isNew
    }

    /// - Returns: false if they are there already.
    private func createVariables(of folder: JobFolder) throws(SystemError) -> Bool {
        if variables.isEmpty { return true }
        return try Files.create(folder.variables, with: variables, mode: 0o600)
    }

    private func replace(_ path: String, with bytes: [UInt8], mode: UInt32) throws(SystemError) {
        try Files.replace(path, with: bytes, mode: mode, temporaryIn: temporaryFolder)
    }
}
