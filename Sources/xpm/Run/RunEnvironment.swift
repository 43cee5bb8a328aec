import LuaBridge
import Settings
import Store
import System
import Text

/// What a run was made with: the content of its `environment.json`. Secrets are masked, and `${env:NAME}`
/// stands as it was written.
enum RunEnvironment {
    static func json(of context: Context, run: RunFolder, git: GitState?, python: JSON? = nil) -> JSON {
        let secrets = context.files.secrets
        return [
            "xpm_version": .string(xpmVersion),
            "identity_scheme": .string(ParameterFile.scheme),
            "command_line": .array(secrets.masked(commandLine: Arguments.all).map(JSON.string)),
            "working_directory": .string(Paths.current),
            "script": .optional(context.files.input.script ?? context.files.input.module),
            "configuration": secrets.masked(context.files.recorded.json),
            "run": [
                "hostname": .string(Environment.hostName), "pid": .int(Int64(Environment.processID)),
                "started_at": .string(run.started.iso),
            ],
            "git": git.map { secrets.masked($0.json) } ?? .null, "python": python ?? .null,
        ]
    }
}
