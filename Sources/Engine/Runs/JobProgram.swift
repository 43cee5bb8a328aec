package import Store
import Text

/// What a job is to run, as the front end has worked it out.
package struct JobProgram {
    package var program: JobScript.Program
    /// Files that its command names.
    package var attachments: [JobScript.Attachment]
    /// Of one whose program does many jobs: the folder with what it loads.
    package var helpers: String?

    package init(
        _ program: JobScript.Program, attachments: [JobScript.Attachment] = [], helpers: String? = nil
    ) {
        self.program = program
        self.attachments = attachments
        self.helpers = helpers
    }
}
