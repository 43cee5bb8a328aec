import TestSupport
import Testing
import Text

@testable import Store
@testable import System

@Suite("Job scripts", .timeLimit(.minutes(20)))
struct JobScriptTests {
    private static let nasty = [
        "plain", "it's", "two words", "", "$HOME `x` \\", "line\nfeed", "é\t\"", "''", "-x=1,2:3",
    ]

    @Test("a command reads back word for word")
    func command() throws {
        let script = JobScript(
            taskID: "demo.run", identifier: "ab12", needs: ["../../demo.other/cd/other.done"],
            environment: Self.nasty.enumerated().map { .init(name: "V\($0.offset)", value: $0.element) },
            program: .command(Self.nasty.filter { !$0.isEmpty } + [""]))
        let text = script.text(host: "/opt/my tools/xpm-job")
        let header = try JobScript.header(of: text)
        #expect(header.taskID == "demo.run" && header.identifier == "ab12")
        #expect(header.needs == script.needs)
        let command = try #require(JobScript.command(of: header.body))
        #expect(command.arguments == Self.nasty.filter { !$0.isEmpty } + [""])
        #expect(command.environment.isEmpty && header.variables == script.environment.map(\.name))
    }

    @Test("the values of variables read back, and what xpm has not written is refused")
    func variables() throws {
        let folder = try TemporaryFolder()
        let job = JobFolder(path: folder.path, name: "run")
        let variables = Self.nasty.enumerated().map {
            EnvironmentVariable(name: "V\($0.offset)", value: $0.element)
        }
        try Files.write(Array(JobScript.exports(variables).utf8), to: job.variables)
        #expect(try JobScript.variables(in: job) == variables)
        for text in ["export A=$B\n", "A=1\n", "export A='x", "export A=1"] {
            try Files.write(Array(text.utf8), to: job.variables)
            #expect(throws: SystemError.self) { try JobScript.variables(in: job) }
        }
    }

    @Test("a script of version 2 has its variables in it")
    func formerVersion() throws {
        let text = """
            #!/bin/sh
            # demo.run ab12
            # xpm job script 2: run this file to run this one task alone
            [ "$XPM_JOB_HELD" = ab12 ] || exec /x/xpm-job "$0"
            export A='it'\\''s'
            exec true

            """
        let command = try #require(JobScript.command(of: JobScript.header(of: text).body))
        #expect(command.environment == [.init(name: "A", value: "it's")] && command.arguments == ["true"])
    }

    @Test("the shell reads the same words", arguments: nasty)
    func shell(_ word: String) throws {
        let output = try #require(
            ChildProcess.output(["/bin/sh", "-c", "printf %s \(ShellWords.quote(word))"]))
        #expect(output.text == word)
    }

    @Test("a script that somebody changed is left to the shell")
    func changed() throws {
        let script = JobScript(
            taskID: "t", identifier: "i", needs: [], environment: [], program: .command(["true"]))
        for line in ["set -x", "exec true; echo", "export A=$B", "exec $X", "exec true\nexec false"] {
            let text = script.text(host: "/x/xpm-job").replacing("exec true\n", with: line + "\n")
            #expect(JobScript.command(of: try JobScript.header(of: text).body) == nil, "\(line)")
        }
    }

    @Test("another file, and a newer format, are refused")
    func refused() {
        #expect(throws: JobScriptError.notAScript) { try JobScript.header(of: "echo hello\n") }
        #expect(throws: JobScriptError.newer(4)) {
            try JobScript.header(of: "#!/bin/sh\n# t i\n# xpm job script 4: run\n")
        }
    }
}
