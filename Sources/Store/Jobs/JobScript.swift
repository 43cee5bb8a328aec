import Glibc
package import Model
package import System
import Text

/// The script of a job: what runs, what it needs, and with which variables.
///
/// It is an executable file that runs the one task alone, and what the job's process itself reads. A command
/// is a shell script, a Lua task a Lua file; both begin with the same comments:
///
///     #!/bin/sh
///     # iris.evaluate 873dce7ca5a0…
///     # xpm job script 3: run this file to run this one task alone
///     # run ../../../experiments/iris/20261123_101500
///     # needs ../../iris.train/07c59004b109…/train.done
///     # shares ../../../partials/iris.train/checkpoints/1f0c4c2e…
///     # token 1 2 ../../../tokens/gpu
///     # requires duration=2h & cpu(cores=2, mem=4G)
///     # retries 3
///     # retry 29 8 5.0 HTTP 429
///     # result accuracy acc: ([%d.]+)
///     # file 9f86d081… 7340 1532 1795645388238514 1795645388238514 /data/train.csv
///     # output model.pt
///     # worker ../../../helpers/6f1d0c2e
///     # variables HF_HOME API_KEY
///     # resumable
///
/// `[ "$XPM_JOB_HELD" = 873dce7ca5a0… ] || exec …/xpm-job "$0"` follows in a command: unless it hosts this
/// very job already, the shell hands over to xpm-job, which takes the lock, checks the needs and writes the
/// outcome. If what then follows is only an `exec` line with quoted words, as xpm writes it, xpm-job executes
/// it itself; a script that somebody has changed goes to the shell.
///
/// The values of the variables may be secrets: they stand in `{name}.env`, which only its owner can read.
package struct JobScript: Equatable, Sendable {
    package enum Language: String, Sendable { case sh, lua }

    package enum Program: Equatable, Sendable {
        /// An argument vector.
        case command([String])
        /// What the job side of the bridge needs, as the fields of a Lua table, a line each.
        case lua(fields: String)
    }

    package var taskID: String
    package var identifier: String
    /// The folder of the run that wrote the script, relative to the job's folder.
    package var run: String?
    /// The outcome files that must exist, relative to the job's folder.
    package var needs: [String]
    /// The folders that are its own while it runs, relative to the job's folder.
    package var shares: [String]
    /// How many of which tokens it holds while it runs; the folders relative to the job's folder.
    package var tokens: [Claim]
    package var requirement: Requirement?
    package var retry: RetryPolicy
    /// What is looked for in its output.
    package var results: [JobLog.Pattern]
    /// The files whose content is a part of its identity.
    package var files: [JobFile] = []
    /// What it declares to make, relative to the job's folder.
    package var outputs: [String] = []
    package var environment: [EnvironmentVariable]
    package var program: Program
    /// Of a task whose program does many jobs one after the other: the folder with the files that it loads,
    /// relative to the job's folder.
    package var worker: String?
    /// What is written beside the script, for its command.
    package var attachments: [Attachment] = []

    /// A file in the job's folder that its command names.
    package struct Attachment: Equatable, Sendable {
        /// Its place in `.experimaestro`, which no attempt of the job removes.
        package let name: String
        package let content: [UInt8]

        package init(name: String, content: [UInt8]) {
            self.name = name
            self.content = content
        }

        package static let folder = ".experimaestro"
        /// Where what the user has named lies in it.
        package static let values = "values"
        /// The parameters as a JSON tree: for a worker, and for a program that asks for them.
        package static let arguments = "arguments.json"
    }

    package init(
        taskID: String, identifier: String, run: String? = nil, needs: [String], shares: [String] = [],
        tokens: [Claim] = [], requirement: Requirement? = nil, retry: RetryPolicy = RetryPolicy(),
        results: [JobLog.Pattern] = [], environment: [EnvironmentVariable], program: Program
    ) {
        self.taskID = taskID
        self.identifier = identifier
        self.run = run
        self.needs = needs
        self.shares = shares
        self.tokens = tokens
        self.requirement = requirement
        self.retry = retry
        self.results = results
        self.environment = environment
        self.program = program
    }

    package static let version = 3

    /// The variable in which a program of a job finds the identifier of the job that hosts it.
    package static let heldVariable = "XPM_JOB_HELD"

    /// The variable in which a program finds the file of its parameters, where there is one.
    package static let argumentsVariable = "XPM_VALUES"

    package var language: Language { if case .lua = program { .lua } else { .sh } }

    /// The argument vector of a command; empty for a Lua task.
    package var arguments: [String] { if case .command(let arguments) = program { arguments } else { [] } }

    /// The whole file.
    ///
    /// - Parameter host: the absolute path of `xpm-job`.
    package func text(host: String) -> String {
        let comment = language == .sh ? "#" : "--"
        var lines = [
            "#!" + interpreter(host),
            "\(comment) \(taskID) \(identifier)",
            "\(comment) xpm job script \(Self.version): run this file to run this one task alone",
        ]
        lines += [run].compactMap(\.self).map { "\(comment) run \($0)" }
        lines += needs.map { "\(comment) needs \($0)" }
        lines += shares.map { "\(comment) shares \($0)" }
        lines += tokens.map { "\(comment) token \($0.count) \($0.capacity) \($0.resource)" }
        lines += [requirement].compactMap { $0 }.map { "\(comment) requires \($0.text)" }
        lines += [retry.most].compactMap { $0 }.map { "\(comment) retries \($0)" }
        lines += retry.rules.map { "\(comment) retry \($0.text)" }
        lines += results.map { "\(comment) result \($0.name) \($0.text)" }
        lines += files.map { "\(comment) file \($0.text)" }
        lines += outputs.map { "\(comment) output \($0)" }
        lines += [worker].compactMap(\.self).map { "\(comment) worker \($0)" }
        if !environment.isEmpty {
            lines.append("\(comment) variables \(environment.map(\.name).joined(separator: " "))")
        }
        if retry.isResumable { lines.append("\(comment) resumable") }
        switch program {
        case .lua(let fields): lines.append("return {\n  task = \(LuaText.quote(taskID)),\n\(fields)}")
        case .command(let arguments):
            lines.append(
                "[ \"$\(Self.heldVariable)\" = \(identifier) ] || exec \(ShellWords.quote(host)) \"$0\"")
            if !environment.isEmpty { lines.append(Self.readVariables) }
            lines.append(Self.body([], arguments))
            return lines.joined(separator: "\n")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The line by which a shell reads `{name}.env`.
    static let readVariables = #". "${0%.sh}.env""#

    /// What follows the line that hands over, in a command. Scripts of version 2 had their variables in them.
    static func body(_ environment: [EnvironmentVariable], _ arguments: [String]) -> String {
        exports(environment) + "exec " + arguments.map(ShellWords.quote).joined(separator: " ") + "\n"
    }

    /// The content of `{name}.env`.
    package static func exports(_ environment: [EnvironmentVariable]) -> String {
        environment.map { "export \($0.name)=\(ShellWords.quote($0.value))\n" }.joined()
    }

    private func interpreter(_ host: String) -> String {
        if language == .sh { return "/bin/sh" }
        // The kernel splits this line at blanks and cuts it at 127 bytes on old systems.
        return host.utf8.contains(where: \.isBlank) || host.utf8.count > 120 ? "/usr/bin/env xpm-job" : host
    }

    /// How the line that hands over begins; in version 1 it went on otherwise.
    private static let handOverStarts = [#"[ "$XPM_JOB_HELD" = "#, #"[ -n "$XPM_JOB_HELD" ] || exec "#]
}

extension JobScript {
    /// What stands in the comments of any script of this format, and the rest of the text.
    package struct Header: Equatable {
        package var taskID = ""
        package var identifier = ""
        package var run: String?
        package var needs: [String] = []
        package var shares: [String] = []
        package var tokens: [Claim] = []
        package var requirement: Requirement?
        package var retry = RetryPolicy()
        package var results: [JobLog.Pattern] = []
        package var files: [JobFile] = []
        package var outputs: [String] = []
        package var worker: String?
        /// The names of its variables, whose values stand in `{name}.env`.
        package var variables: [String] = []
        /// Everything after the header.
        package var body: Substring = ""
    }

    /// The comments of the scripts in a job's folder that can be read: one, unless the task was another kind of
    /// program before.
    package static func headers(in folder: JobFolder) -> some Sequence<(language: Language, header: Header)> {
        [Language.sh, .lua].lazy.compactMap { language in
            guard let text = try? Files.readText(folder.script(language), limit: 1 << 24),
                let header = try? header(of: text)
            else { return nil }
            return (language, header)
        }
    }

    /// The outputs that the scripts in a job's folder declare. Most declare none, which their bytes tell.
    package static func outputs(in folder: JobFolder, _ languages: [Language]) -> [String] {
        languages.flatMap { language -> [String] in
            guard let bytes = try? Files.readSmall(folder.script(language), limit: 1 << 24),
                bytes[...].contains("\n# output ".utf8) || bytes[...].contains("\n-- output ".utf8)
            else { return [] }
            return (try? header(of: String(decoding: bytes, as: UTF8.self)))?.outputs ?? []
        }
    }

    /// Whether a text of some stands in a script of a job; nil where this user may not read it.
    package static func names(any texts: [String], in folder: JobFolder) -> Bool? {
        var isNamed = false
        for language in [Language.sh, .lua] {
            do throws(SystemError) {
                let bytes = try Files.readSmall(folder.script(language), limit: 1 << 24)
                isNamed = isNamed || texts.contains { bytes[...].contains($0.utf8) }
            } catch {
                if error.isDenied { return nil }
            }
        }
        return isNamed
    }

    /// Those of the first script; nil where there is none that can be read.
    package static func header(in folder: JobFolder) -> (language: Language, header: Header)? {
        headers(in: folder).first { _ in true }
    }

    /// Reads the comments.
    ///
    /// - Throws: a text that is no job script, or one of a newer version.
    package static func header(of text: String) throws(JobScriptError) -> Header {
        var header = Header()
        var rest = text[...]
        func line() -> Substring {
            let (line, after) = rest.cut(at: "\n") ?? (rest, "")
            rest = after
            return line
        }
        func remark() -> Substring? {
            let line = line()
            return line.after("# ") ?? line.after("-- ")
        }
        guard line().hasPrefix("#!") else { throw JobScriptError.notAScript }
        let title = (remark() ?? "").split(separator: " ")
        guard title.count == 2 else { throw JobScriptError.notAScript }
        header.taskID = String(title[0])
        header.identifier = String(title[1])
        guard let words = remark()?.after("xpm job script "),
            let version = Int(words.prefix(ofBytes: \.isDigit))
        else { throw JobScriptError.notAScript }
        guard version <= Self.version else { throw JobScriptError.newer(version) }
        func take(_ word: String) -> [String] {
            var found: [String] = []
            while rest.hasPrefix("# \(word) ") || rest.hasPrefix("-- \(word) ") {
                found.append(String(remark()?.after("\(word) ") ?? ""))
            }
            return found
        }
        header.run = take("run").first
        header.needs = take("needs")
        header.shares = take("shares")
        header.tokens = take("token").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let count = Int(parts[0]), let capacity = Int(parts[1]), count > 0,
                count <= capacity, capacity <= 1 << 20
            else { return nil }
            return Claim(String(parts[2]), count: count, of: capacity)
        }
        header.requirement = take("requires").first.flatMap { try? Requirement($0) }
        header.retry.most = take("retries").first.flatMap { Int($0) }
        header.retry.rules = take("retry").compactMap { RetryPolicy.Rule($0) }
        header.results = take("result").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? try? JobLog.Pattern(name: String(parts[0]), String(parts[1])) : nil
        }
        header.files = take("file").compactMap { JobFile($0, version: version) }
        header.outputs = take("output")
        header.worker = take("worker").first
        header.variables = take("variables").first?.split(separator: " ").map(String.init) ?? []
        if let after = rest.after("# resumable\n") ?? rest.after("-- resumable\n") {
            header.retry.isResumable = true
            rest = after
        }
        header.body = rest
        return header
    }

    /// The variables at the beginning of a text, as `exports` writes them; nil for others.
    private static func variables(from rest: inout Substring) -> [EnvironmentVariable]? {
        var environment: [EnvironmentVariable] = []
        while let line = rest.after("export ") {
            guard let (name, value) = line.cut(at: "="), EnvironmentVariable.isName(String(name)) else {
                return nil
            }
            rest = value
            guard let value = ShellWords.read(&rest), let next = rest.after("\n") else { return nil }
            rest = next
            environment.append(.init(name: String(name), value: value))
        }
        return environment
    }

    /// Reads `{name}.env`.
    ///
    /// - Throws: where it cannot be read, as it is another user's; EINVAL for one that xpm has not written.
    package static func variables(in folder: JobFolder) throws(SystemError) -> [EnvironmentVariable] {
        let text = try Files.readText(folder.variables, limit: 1 << 26)
        var rest = text[...]
        guard let variables = variables(from: &rest), rest.isEmpty else {
            throw SystemError("read the variables of the job", folder.variables, code: EINVAL)
        }
        return variables
    }

    /// The variables that stand in a script of version 2, and the argument vector of a command's body, if it
    /// is as xpm wrote it; else nil.
    package static func command(of body: Substring) -> (
        environment: [EnvironmentVariable], arguments: [String]
    )? {
        guard handOverStarts.contains(where: body.hasPrefix), var rest = body.cut(at: "\n")?.after else {
            return nil
        }
        rest = rest.after(readVariables + "\n") ?? rest
        guard let environment = variables(from: &rest) else { return nil }
        guard let command = rest.after("exec ") else { return nil }
        rest = command
        var arguments: [String] = []
        while let word = ShellWords.read(&rest) {
            arguments.append(word)
            guard let next = rest.after(" ") else { break }
            rest = next
        }
        return rest == "\n" && !arguments.isEmpty ? (environment, arguments) : nil
    }

    /// The argument vector of a job's command, as its script has it; empty for a Lua task, and for one that
    /// cannot be read.
    package static func arguments(in folder: JobFolder) -> [String] {
        guard let text = try? Files.readText(folder.script(.sh), limit: 1 << 26),
            let header = try? header(of: text)
        else { return [] }
        return command(of: header.body)?.arguments ?? []
    }
}
