import Foundation
import Store
import System
import Testing
import Text

/// `xpm do`: a command for each of some values.
@Suite("One line, end to end", .timeLimit(.minutes(20)))
struct LineTests {
    /// A program that keeps its arguments, each with a NUL behind it, and prints the first.
    private func bench() throws -> Workbench {
        let bench = try Workbench()
        try bench.write(
            "#!/bin/sh\nprintf '%s\\0' \"$@\" >got\nprintf '%s\\n' \"$1\"\n", to: "show", mode: 0o777)
        try bench.write("import sys\nprint('acc:', float(sys.argv[1]) * 2)\n", to: "train.py")
        return bench
    }

    private func xpm(_ bench: Workbench, _ words: [String], input: String? = nil) throws -> Workbench.Result {
        guard let input else {
            let (process, tag) = try bench.start(words)
            return try bench.finish(process, tag)
        }
        try bench.write(input, to: "input")
        let line = ([Workbench.xpm] + words).map(ShellWords.quote).joined(separator: " ")
        let (process, tag) = try bench.start(["-c", "\(line) <input"], program: "/bin/sh")
        return try bench.finish(process, tag)
    }

    /// The first argument of each job of a type, by bytes.
    private func arguments(_ bench: Workbench, _ type: String = "show") throws -> Set<[UInt8]> {
        try Set(
            bench.jobs(type).map { job in
                Array(try Files.read("\(job.path)/got", limit: 1 << 20).prefix { $0 != 0 })
            })
    }

    @Test("a sweep in one line is an experiment: run once, found again, with results, tags and a picture")
    func sweep() throws {
        let bench = try bench()
        let line = [
            "do", "python3 train.py {lr} --seed {seed}", "lr=0.1,0.01", "seed=1..3", "--result",
            "accuracy=acc: {number}",
        ]
        let first = try xpm(bench, line)
        #expect(first.code == 0 && first.error.contains("6 tasks: 6 done"), "\(first)")
        let again = try xpm(bench, line)
        #expect(again.error.contains("6 tasks: 6 cached"), "\(again)")
        let table = try bench.run(
            "results", "train", "--rows", "lr", "--over", "seed", "--format", "csv", "--metric", "accuracy")
        #expect(table.output.contains("0.1,") && table.output.contains("0.2"), "\(table)")
        #expect(try bench.run("plot", "train", "--x", "lr").code == 0)
        // What it ran is kept, and a change of it is told.
        try bench.write("import sys\nprint('acc: 7')\n", to: "train.py")
        let why = try xpm(bench, line + ["--dry-run"])
        #expect(why.output.contains("train.py"), "\(why)")
        // Another command is another task.
        let other = try xpm(bench, ["do", "python3 train.py {lr}", "lr=0.1"])
        #expect(other.code == 0 && other.output == "acc: 7\n", "\(other)")
        let retry = try bench.run("jobs", "retry", "-e", "train")
        #expect(retry.code == 2 && retry.error.contains("no job to run"), "\(retry)")
    }

    @Test(
        "a single job is like its command: its output as it comes, its exit code; done once, it is told again"
    )
    func single() throws {
        let bench = try bench()
        let failing = try xpm(bench, ["do", "sh -c 'echo out; echo err >&2; exit 3'"])
        #expect(failing.code == 3 && failing.output == "out\n", "\(failing)")
        #expect(failing.error.hasPrefix("err\n") && failing.error.contains("exit code 3"), "\(failing)")
        for _ in 1...2 {
            let done = try xpm(bench, ["do", "./show {x}", "x=a b"])
            #expect(done.code == 0 && done.output == "a b\n" && done.error.isEmpty, "\(done)")
        }
        #expect(try bench.jobs("show").count == 1)
        // As it comes: before it is over.
        let (process, tag) = try bench.start(["do", "echo first; sleep 30; echo last"])
        #expect(try bench.wait { try bench.read(".\(tag).out") == "first\n" })
        process.interrupt()
        process.interrupt()
        #expect(try bench.finish(process, tag).code == 130)
    }

    @Test("--keep-order and --stdout print whole outputs, also of jobs that were done before")
    func outputs() throws {
        let bench = try bench()
        let command = "sleep 0.{wait}; echo {wait} a; echo {wait} b"
        let ordered = try xpm(bench, ["do", command, "wait=3,1,2", "--keep-order", "-j", "3"])
        #expect(ordered.output == "3 a\n3 b\n1 a\n1 b\n2 a\n2 b\n", "\(ordered)")
        let known = try xpm(bench, ["do", command, "wait=2,9,3", "-k", "-q"])
        #expect(known.output == "2 a\n2 b\n9 a\n9 b\n3 a\n3 b\n" && known.error.isEmpty, "\(known)")
        let ended = try xpm(bench, ["do", command, "wait=8,4", "--stdout", "-j", "2"])
        #expect(ended.output == "4 a\n4 b\n8 a\n8 b\n", "\(ended)")
        // In the order of the line, whatever the names are.
        let names = try xpm(bench, ["do", "echo {b} {a}", "b=1,2", "a=3,4", "-k"])
        #expect(names.output == "1 3\n1 4\n2 3\n2 4\n", "\(names)")
        // Those that fail have printed something too.
        let failing = try xpm(bench, ["do", "echo {n}; test {n} != 2", "n=1..3", "-k"])
        #expect(failing.code == 1 && failing.output == "1\n2\n3\n", "\(failing)")
    }

    @Test(
        "lines of standard input are values as soon as they are there; @@ reads a file, @ finds files by content"
    )
    func sources() throws {
        let bench = try bench()
        let line = "(echo a; sleep 5; echo b) | \(ShellWords.quote(Workbench.xpm)) do './show {id}' id=- -k"
        let (process, tag) = try bench.start(["-c", line], program: "/bin/sh")
        #expect(try bench.wait(seconds: 4.5) { try bench.read(".\(tag).out") == "a\n" })
        #expect(try bench.finish(process, tag).output == "a\nb\n")
        try bench.write("b\n\n$(touch x)\n", to: "ids.txt")
        let file = try xpm(bench, ["do", "./show {id}", "id=@@ids.txt", "-k"])
        #expect(file.output == "b\n$(touch x)\n" && file.error.contains("1 done, 1 cached"), "\(file)")
        for name in ["one.csv", "-two.csv", "in/three x.csv"] { try bench.write("data of \(name)", to: name) }
        let files = try xpm(
            bench, ["do", "gzip -9 -c {f} >{out}", "f=@**/*.csv", "--out", "out=data.gz"])
        #expect(files.code == 0 && files.error.contains("3 done"), "\(files)")
        for job in try bench.jobs("gzip") { #expect(Files.exists("\(job.path)/data.gz")) }
        // The content counts, not the name.
        try Files.rename("\(bench.folder)/one.csv", to: "\(bench.folder)/moved.csv")
        let moved = try xpm(bench, ["do", "gzip -9 -c {f} >{out}", "f=@*.csv", "--out", "out=data.gz"])
        #expect(moved.error.contains("2 cached"), "\(moved)")
        let tags = try bench.run("jobs", "list", "-e", "gzip", "--json").output
        #expect(tags.contains("\"f\": \"moved.csv\""), "\(tags)")
    }

    @Test("the first use of a name decides its type; what does not fit is an error at its word")
    func types() throws {
        let bench = try bench()
        #expect(try xpm(bench, ["do", "./show {x}", "x=0.5"]).output == "0.5\n")
        // 1 is the float that it would have been then.
        #expect(try xpm(bench, ["do", "./show {x}", "x=1"]).output == "1.0\n")
        let wrong = try xpm(bench, ["do", "./show {x}", "x=2,fast"])
        #expect(wrong.code == 2, "\(wrong)")
        #expect(
            wrong.error.contains("x is float since its first use in this experiment, which 'fast' is not"),
            "\(wrong)")
        #expect(try xpm(bench, ["do", "./show {x}", "x=2,fast", "--id", "other"]).code == 0)
        #expect(try bench.read("workspace/experiments/show/line.json").contains("\"x\": \"float\""))
        for (word, bytes) in [
            ("a=007", "007"), ("b=true", "true"), ("c=1e3", "1000.0"),
            ("d=12345678901234567890123", "12345678901234567890123"),
            ("e:string=5", "5"), ("f=null", "null"), ("g=''", ""), ("h='a,b'", "a,b"),
            ("i=\"a\\tb\"", "a\tb"),
            ("j=it's", "it's"), ("k=*", "*"), ("l=-1", "-1"), ("m=a: b #c", "a: b #c"), ("n=[1", "[1"),
            ("o={range: [1, 2]}", "1"), ("p=${HOME}", "${HOME}"), ("q=uniform", "uniform"),
        ] {
            let name = String(word.prefix(1))
            let one = try xpm(bench, ["do", "./show {\(name)}", word, "--id", "t\(name)"])
            #expect(one.code == 0 && one.output == bytes + "\n", "\(word): \(one)")
        }
        let list = try xpm(bench, ["do", "./show {z}", "z=[1, 2],[3]", "--id", "lists"])
        #expect(list.code == 0 && list.error.contains("2 done"), "\(list)")
    }

    @Test("what is wrong with a line is shown at its place")
    func wrongLines() throws {
        let bench = try bench()
        try bench.write("", to: "plain")
        for (words, message, mark) in [
            (["pyhton3 x"], "command not found: 'pyhton3' (not in PATH)", "  ^^^^^^^\n"),
            (["show {x}", "x=1"], "not in PATH; the file here is ./show", "  ^^^^\n"),
            (["./plain"], "it is not executable; chmod +x ./plain", "  ^^^^^^^\n"),
            (["./none"], "no such program", "  ^^^^^^\n"),
            (["echo {lrr}", "lr=1"], "{lrr} has no values (did you mean '{lr}'?)", "       ^^^^^\n"),
            (["echo {x}"], "{x} has no values: give it some, as x=1,2", "       ^^^\n"),
            (["echo hi", "x=1"], "the command has no {x}: write {x}, or {args}", "         ^\n"),
            (["echo {x}", "x=1", "x=2"], "'x' has values twice: x=1 and", "  ^^^\n"),
            (["echo {x}", "x="], "x has no values", "    ^\n"),
            (["echo {x}", "x=a,,b"], "x: a value is missing; '' is an empty text", "      ^\n"),
            (["echo '{x}'", "x=1"], "{x} stands inside quotes (')", "        ^^^\n"),
            (["echo {x", "x=1"], "'{' without '}'", "       ^\n"),
            (["awk '{print $1}'"], "{print $1} is no name; a brace is written '{{'", "       ^^^^^^^^^^\n"),
            (["echo ${x}", "x=1"], "write {x} for a value, or ${{x}} for a variable", "       ^^^^\n"),
            (["echo {x}", "x=@*.none"], "x: no file fits '*.none'", "    ^^^^^^^\n"),
            (["echo {x}", "x=@@none"], "x: none: No such file", "    ^^^^^^\n"),
            (["echo {x}", "x:flot=1"], "there is no type 'flot' (did you mean 'float'?)", "    ^^^^\n"),
            (["echo {x}", "x=0.1..0.5"], "say the step too", "    ^^^^^^^^\n"),
            (
                ["echo {x}", "x=integers:1..2.5", "--sample", "2"], "integers draws between two integers",
                "    ^"
            ),
            (["echo {submit}", "submit=1"], "'submit' is a name of xpm itself", "  ^^^^^^\n"),
            (["echo {x} {y}", "x=-", "y=-"], "standard input gives the values of one name", "  ^^^\n"),
            (["echo {x}", "extra words"], "is no name=values", "  ^^^^^^^^^^^\n"),
            (["echo {x}", "x=1", "--out", "x=a"], "'x' has values twice", ""),
            (["echo {x}", "--out", "x=../a"], "cannot lie elsewhere", ""),
            (["echo {x}", "x=uniform:0..1"], "how many? --sample n, or --search", ""),
            (["echo {x} {y}", "--zip", "x=1,2", "y=1"], "--zip: x has 2 values and y 1", ""),
            (["x=1", "echo {x}"], "the command comes first, then its values", ""),
            (["echo {x}", "x=1", "--id", "a/b"], "--id", ""),
            (["echo {x}", "x=1", "--tokens", "a=0"], "--tokens needs name=n", ""),
            (["echo {x}", "x=1", "--result", "a"], "--result needs name=pattern", ""),
        ] as [([String], String, String)] {
            let wrong = try xpm(bench, ["do"] + words)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(words): \(wrong)")
            #expect(wrong.error.contains(mark), "\(words): \(wrong)")
            #expect(wrong.error.hasPrefix("error: "), "\(words): \(wrong)")
        }
        #expect(!Files.exists("\(bench.folder)/workspace/jobs"))
        for words in [
            [], ["echo", "-j", "0"], ["echo", "--write", "w", "-k"], ["echo", "--stdout", "--json"],
        ] {
            #expect(try xpm(bench, ["do"] + words).code == 64, "\(words)")
        }
        let bytes = try xpm(bench, ["do", "echo {x}", "x=-"], input: "fine\nnot\u{0}fine\n")
        #expect(bytes.code == 2 && bytes.error.contains("standard input, line 2"), "\(bytes)")
    }

    @Test("any text reaches the program as it is, and the script that --write makes finds it done")
    func property() throws {
        let bench = try bench()
        var generator = Generator(state: 7)
        var texts: Set<String> = [
            "", " ", "-", "--", "$(id)", "`id`", "a'b\"c\\", "\r\n", "${x}", "$${x}", "{x}", "~", "#", "null",
            "1..3", "@x", "é", "e\u{301}", "\u{85}\u{2028}\u{feff}", "a\tb", "'", "\"",
        ]
        let signs = Array(
            "ab1 ,'\"\\\n\t$`{}[]()#&*!|<>;=:-~%é\u{1}\u{7f}\u{1f600}\u{301}\u{85}".unicodeScalars)
        while texts.count < 60 {
            var text = ""
            for _ in 0..<Int(generator.next() % 12) {
                text.unicodeScalars.append(signs[Int(generator.next() % UInt64(signs.count))])
            }
            texts.insert(text)
        }
        func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        let words = texts.sorted().map(quoted).joined(separator: ",")
        for (number, command) in [
            ["./show {x} {n}"], ["./show {x} {n} | cat"], ["--", "./show", "{x}", "{n}"],
        ].enumerated() {
            let id = ["--id", "show.p\(number)"]
            let line =
                command.first == "--"
                ? ["x=\(words)", "n=1"] + id + command : command + ["x=\(words)", "n=1"] + id
            let done = try xpm(bench, ["do", "-q"] + line)
            #expect(done.code == 0, "\(command): \(done)")
            let got = try Set(
                bench.jobs("show.p\(number)").map { job in
                    Array(try Files.read("\(job.path)/got", limit: 1 << 20).prefix { $0 != 0 })
                })
            #expect(got == Set(texts.map { Array($0.utf8) }))
            let written = try xpm(bench, ["do", "--write", "w\(number)"] + line)
            #expect(written.code == 0, "\(written)")
            let run = try bench.run("run", "w\(number)/full.yaml")
            #expect(run.error.contains("\(texts.count) tasks: \(texts.count) cached"), "\(command): \(run)")
        }
    }

    @Test("what --write makes has the same identifiers, for every kind of value")
    func writing() throws {
        let bench = try bench()
        try bench.write("x", to: "data/a.csv")
        try bench.write("y", to: "data/b.csv")
        for (number, line) in [
            ["./show {a} {b}", "a=1,2.5", "b=true,false"], ["./show {a} {b}", "--zip", "a=1,2", "b=x,y"],
            ["./show {a} {b} {c} {d}", "--zip", "a=1,2", "b=3,4", "--zip", "c=5,6", "d=7,8"],
            ["./show {a} {b}", "a=loguniform:1e-5..1", "b=1,2", "--sample", "3", "--seed", "4"],
            ["./show {a} {b}", "a=1..9", "b=0..1..0.25", "--sample", "5"],
            ["./show {f} {out}", "f=@data/*.csv", "--out", "out=o.txt"],
            ["./show {args}", "lr=0.1", "end=2", "file=x"], ["./show {a}", "a=[1, 2],[3]"],
            [
                "./show {a}", "a=1", "--with-code", "--requires", "cpu(cores=1)", "--tokens", "t=2",
                "--retries", "1",
            ],
            ["./show {command}", "command=1", "--no-strict", "--result", "r=({number})"],
        ].enumerated() {
            let id = ["--id", "w\(number)"]
            let done = try xpm(bench, ["do", "-q"] + line + id)
            #expect(done.code == 0, "\(line): \(done)")
            let written = try xpm(bench, ["do", "--write", "dir/w\(number)"] + line + id)
            #expect(
                written.code == 0 && written.output.contains("run it: xpm run dir/w\(number)/full.yaml"),
                "\(written)")
            let run = try bench.run("run", "dir/w\(number)/full.yaml", "--json")
            let lines = try run.output.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
            let jobs = lines.filter { $0["event"]?.string == "job" }
            #expect(!jobs.isEmpty && jobs.allSatisfy { $0["cached"] == .bool(true) }, "\(line): \(run)")
            // It goes on from there: the files that it names are found.
            try Files.removeTree("\(bench.folder)/workspace", below: bench.folder)
            #expect(try bench.run("run", "-q", "dir/w\(number)/full.yaml").code == 0, "\(line)")
            let back = try xpm(bench, ["do"] + line + id + ["--dry-run"])
            #expect(!back.output.contains(" new") && back.error.contains(" cached"), "\(line): \(back)")
        }
        let twice = try xpm(bench, ["do", "--write", "dir/w0", "./show {a}", "a=1"])
        #expect(twice.code == 2 && twice.error.contains("is there already"), "\(twice)")
        let lines = try xpm(bench, ["do", "./show {a}", "a=-", "--write", "piped"], input: "p\n$(q)\n")
        #expect(lines.code == 0, "\(lines)")
        #expect(try bench.run("run", "piped/full.yaml").error.contains("2 done"))
    }

    @Test("files that the command names are kept, and run from there; with --with-code they count")
    func code() throws {
        let bench = try bench()
        try bench.write("A=1\n", to: "conf/a.env")
        let line = ["do", "cat conf/a.env; ./show {x} --conf=conf/a.env >log", "x=1"]
        let done = try xpm(bench, line)
        #expect(done.output == "A=1\n", "\(done)")
        let job = try #require(try bench.jobs("cat").first)
        let got = String(decoding: try Files.read("\(job.path)/got", limit: 1 << 16), as: UTF8.self)
        #expect(got.contains("/sources/cat/") && got.contains("conf/a.env"), "\(got)")
        #expect(Files.exists("\(job.path)/log"))
        try bench.write("A=2\n", to: "conf/a.env")
        #expect(try xpm(bench, line).output == "A=1\n")
        #expect(try xpm(bench, line + ["--with-code"]).output == "A=2\n")
        #expect(try xpm(bench, line + ["--with-code"]).output == "A=2\n")
        try bench.write("A=3\n", to: "conf/a.env")
        #expect(try xpm(bench, line + ["--with-code"]).output == "A=3\n")
    }

    @Test("kill -9 in the middle: the same line goes on, and each job has run once")
    func killed() throws {
        let bench = try bench()
        let line = ["do", "echo {i} >>\(bench.folder)/log; sleep 0.01", "i=1..120", "-q"]
        var kills = 0
        for round in 0..<5 {
            let (process, tag) = try bench.start(line)
            let before = (try? bench.read("log").lines.count) ?? 0
            _ = try bench.wait(seconds: 20) {
                !process.isRunning || ((try? bench.read("log").lines.count) ?? 0) >= before + 10 + round
            }
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                kills += 1
            }
            _ = try bench.finish(process, tag)
        }
        #expect(kills > 0)
        let last = try xpm(bench, ["do"] + line.dropFirst().filter { $0 != "-q" } + ["--wait"])
        #expect(last.code == 0 && last.error.contains("120 tasks"), "\(last)")
        let log = try bench.read("log").split(separator: "\n")
        #expect(TextSet(log.map { String($0) }).ordered.count == 120)
        #expect(log.count == 120, "a job has run twice")
    }

    @Test("--detach, --env, --launcher and --fail-fast are those of a run")
    func runOptions() throws {
        let bench = try bench()
        let detached = try xpm(bench, ["do", "sleep 0.2; ./show {x}", "x=1,2", "--detach"])
        #expect(detached.code == 0 && detached.output.contains("xpm attach sleep"), "\(detached)")
        #expect(try bench.run("attach", "sleep").code == 0)
        #expect(try bench.jobs("sleep").count == 2)
        let refused = try xpm(bench, ["do", "./show {x}", "x=-", "--detach"])
        #expect(refused.code == 2 && refused.error.contains("no standard input"), "\(refused)")
        let env = try xpm(bench, ["do", "echo $A", "--env", "A=7"])
        #expect(env.output == "7\n", "\(env)")
        #expect(try xpm(bench, ["do", "echo {x}", "x=1", "--launcher", "nosuch"]).code == 2)
        let fast = try xpm(bench, ["do", "test {x} != 1", "x=1..9", "-j", "1", "--fail-fast"])
        #expect(fast.code == 1 && fast.error.contains("not run"), "\(fast)")
        let json = try xpm(bench, ["do", "true {x}", "x=1,2", "--json", "--id", "j"])
        #expect(json.output.split(separator: "\n").allSatisfy { (try? JSON.parse(Array($0.utf8))) != nil })
        #expect(json.output.contains("\"event\": \"finished\""), "\(json)")
        let strict = try xpm(bench, ["do", "false; echo on", "--strict"])
        #expect(strict.code == 1 && strict.output.isEmpty, "\(strict)")
        let lenient = try xpm(bench, ["do", "false; echo on", "--no-strict"])
        #expect(lenient.code == 0 && lenient.output == "on\n", "\(lenient)")
    }

    @Test("--tokens, --retries, --requires and --wait are those of a task")
    func taskOptions() throws {
        let bench = try bench()
        // Two at once would see each other.
        let alone =
            "test ! -e \(bench.folder)/busy; touch \(bench.folder)/busy; sleep 0.1; rm \(bench.folder)/busy; echo {i}"
        let tokens = try xpm(bench, ["do", alone, "i=1..4", "-j", "4", "--tokens", "one=1"])
        #expect(tokens.code == 0 && tokens.error.contains("4 done"), "\(tokens)")
        let all = try xpm(bench, ["do", alone, "i=5..8", "-j", "4", "--tokens", "gpu=8/8"])
        #expect(all.code == 0 && all.error.contains("4 done"), "\(all)")
        let flaky = "echo x >>../tries; test $(wc -l <../tries) = 3"
        #expect(try xpm(bench, ["do", "exit 1", "--id", "once"]).code == 1)
        #expect(try xpm(bench, ["do", flaky, "--retries", "2", "--id", "often"]).code == 0)
        let large = try xpm(bench, ["do", "true", "--requires", "cpu(cores=100000)"])
        #expect(large.code == 2 && large.error.contains("cores"), "\(large)")
        // Another line of the same name waits, or is refused.
        let (process, tag) = try bench.start(["do", "sleep 1; echo {i}", "i=1,2", "--id", "busy"])
        #expect(try bench.wait { try bench.read(".\(tag).err").isEmpty == false })
        #expect(try xpm(bench, ["do", "echo {i}", "i=3", "--id", "busy"]).code == 2)
        #expect(try xpm(bench, ["do", "echo {i}", "i=3", "--id", "busy", "--wait"]).output == "3\n")
        #expect(try bench.finish(process, tag).code == 0)
        let nowhere = try xpm(bench, ["do", "echo {i}", "i=3", "--detach-to", "nosuch"])
        #expect(nowhere.code == 2 && nowhere.error.contains("nosuch"), "\(nowhere)")
    }

    @Test("a reader that leaves ends the job; attempts of a job are told one after the other")
    func readers() throws {
        let bench = try bench()
        let line = "\(ShellWords.quote(Workbench.xpm)) do yes | head -2"
        let (process, tag) = try bench.start(["-c", line], program: "/bin/sh")
        let start = Date.now
        let result = try bench.finish(process, tag)
        #expect(result.output == "y\ny\n" && Date.now.timeIntervalSince(start) < 15, "\(result)")
        #expect(try bench.wait { try bench.jobs("yes").allSatisfy { !FileLock.isHeld($0.lock) } })
        let flaky = "echo x >>../tries; echo try $(wc -l <../tries); test $(wc -l <../tries) = 3"
        let tries = try xpm(bench, ["do", flaky, "--retries", "2", "--id", "tries"])
        #expect(tries.code == 0 && tries.output == "try 1\ntry 2\ntry 3\n", "\(tries)")
    }

    @Test("only words that are files by their form are files; what a program makes is not replaced")
    func words() throws {
        let bench = try bench()
        for name in ["5", "name", "made.txt", "in.txt", "my sim", "данные", "a{b}.txt"] {
            try bench.write("#!/bin/sh\necho \(name) $1\n", to: name, mode: 0o777)
        }
        for (command, output) in [
            ("seq {n} 5", "4\n5\n"), ("cat <<E\nname: name {n} in.txt\nE", "name: name 4 in.txt\n"),
            ("echo {n} | tee made.txt; cat ./in.txt | tail -1", "4\necho in.txt $1\n"),
            ("sort -o made.txt in.txt; tail -1 made.txt >&2; echo {n}", "4\n"),
            ("\"./my sim\" {n}", "my sim 4\n"),
            ("echo `./name {n}`", "name 4\n"), ("./данные {n}", "данные 4\n"),
            ("source ./in.txt {n}", "in.txt 4\n"),
            ("declare -i x={n}; echo $((x + 1))", "5\n"),
        ] {
            let done = try xpm(bench, ["do", command, "n=4", "--id", "w"])
            #expect(done.code == 0 && done.output == output, "\(command): \(done)")
        }
        #expect(try bench.read("made.txt").hasPrefix("#!/bin/sh"))
        let plain = try bench.write("echo plain $1\n", to: "plain", mode: 0o777)
        let words = try xpm(bench, ["do", "n=4", "--", "./plain", "{n}"])
        #expect(words.output == "plain 4\n", "\(words) \(plain)")
        // Folders whose names a shell, or a command, would read.
        for folder in ["sp ace", "o'k $x", "a{b}"] {
            try bench.write("#!/bin/sh\necho here $1\n", to: "\(folder)/tool", mode: 0o777)
            let (process, tag) = try bench.start(
                ["do", "./tool {n}", "n=1", "--write", "../written", "--id", "f"], in: folder)
            #expect(try bench.finish(process, tag).code == 0)
            let run = try bench.run("run", "written/full.yaml", "--json")
            #expect(run.code == 0, "\(folder): \(run)")
            let job = try #require(try bench.jobs("f").first)
            #expect(try Files.readText(job.output) == "here 1\n")
            for made in ["written", "workspace"] {
                try Files.removeTree("\(bench.folder)/\(made)", below: bench.folder)
            }
        }
        // A large file is a link.
        try bench.write("", to: "big.bin")
        #expect(unsafe truncate("\(bench.folder)/big.bin", 300 << 20) == 0)
        #expect(try xpm(bench, ["do", "wc -c big.bin"]).output.hasPrefix("314572800 "))
    }

    @Test(
        "experiments are named by what they run",
        arguments: [
            ("timeout 5s ls {n}", "ls"), ("for i in 1; do ls {n}; done", "line"),
            ("grep -r foo.py {n}", "grep"),
            ("bash -c 'echo {{}}' {n}", "bash"), ("env A=1 nice -n 5 true {n}", "true"),
            ("python3 -m json.tool {n}", "tool"),
            ("A=b true {n}", "true"), ("python3 -u x/train.py {n}", "train"),
        ])
    func names(_ command: String, _ name: String) throws {
        let bench = try bench()
        try bench.write("", to: "x/train.py")
        let plan = try xpm(bench, ["do", command, "n=1", "--dry-run"])
        #expect(plan.output.hasPrefix("\(name) "), "\(plan)")
    }

    @Test("a line that is refused decides no type; lines at once lose none")
    func kept() throws {
        let bench = try bench()
        #expect(try xpm(bench, ["do", "echo {z}", "z=1", "--requires", "cpu(cores="]).code == 2)
        #expect(try xpm(bench, ["do", "echo {z}", "z=1", "--requires", "cpu(cores=100000)"]).code == 2)
        #expect(try xpm(bench, ["do", "echo {z}", "z=abc"]).code == 0)
        let all = try (1...5).map { number in
            try bench.start(["do", "echo {n} {m\(number)}", "n=1", "m\(number)=1", "--id", "race", "--wait"])
        }
        for (process, tag) in all { #expect(try bench.finish(process, tag).code == 0) }
        let types = try bench.read("workspace/experiments/race/line.json")
        for number in 1...5 { #expect(types.contains("\"m\(number)\": \"int\""), "\(types)") }
        // A script that was written of a line has its types too.
        #expect(try xpm(bench, ["do", "echo {w}", "w=0.5", "--id", "wt", "--write", "wt"]).code == 0)
        #expect(try xpm(bench, ["do", "echo {w}", "w=1", "--id", "wt"]).output == "1.0\n")
        let wide = try xpm(bench, ["do", "echo {w}", "w=9007199254740993", "--id", "wt"])
        #expect(wide.code == 2 && wide.error.contains("which '9007199254740993' is not"), "\(wide)")
        for (word, message) in [
            ("x=integers:5..1", "from the lower number"), ("x=loguniform:0..1", "above 0"),
        ] {
            let draw = try xpm(bench, ["do", "echo {x}", word, "--sample", "2"])
            #expect(draw.code == 2 && draw.error.contains(message) && draw.error.contains("^"), "\(draw)")
        }
        let pattern = try xpm(bench, ["do", "echo {x}", "x=1", "--result", "a=acc: (%d"])
        #expect(pattern.code == 2 && !pattern.error.contains("line.lua"), "\(pattern)")
        let relative = try bench.start(["do", "show {x}", "x=1"], environment: ["PATH": ".:/usr/bin:/bin"])
        let refused = try bench.finish(relative.process, relative.tag)
        #expect(refused.code == 2 && refused.error.contains("name it ./show"), "\(refused)")
    }

    private struct Generator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }
}
