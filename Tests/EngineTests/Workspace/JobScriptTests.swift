import Engine
import Testing
import Text

@Suite("Job scripts")
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
        #expect(command.environment == script.environment)
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
        #expect(throws: ScriptError.notAScript) { try JobScript.header(of: "echo hello\n") }
        #expect(throws: ScriptError.newer(3)) {
            try JobScript.header(of: "#!/bin/sh\n# t i\n# xpm job script 3: run\n")
        }
    }
}
