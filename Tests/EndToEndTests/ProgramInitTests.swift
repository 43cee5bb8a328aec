import Foundation
import System
import Testing
import Text

/// `xpm init --from`: a task from what a program tells of its options. Python is Debian's, with its click and typer.
@Suite("A task from a program, end to end", .timeLimit(.minutes(20)))
struct ProgramInitTests {
    /// A program, how it is called, what the script has to say, and what the program is called with in the end.
    private struct Program {
        let name: String
        let text: String
        let command: String
        let says: [String]
        let arguments: String
        var values: [String] = []
    }

    private static let python = "/usr/bin/python3"
    private static let argparse =
        "import argparse, sys\np = argparse.ArgumentParser(description='Trains a model')\n"
    private static let show = "\np.parse_args()\nprint('ARGS', *map(repr, sys.argv[1:]))\n"

    private static let programs: [Program] = [
        Program(
            name: "kinds.py",
            text: argparse
                + "p.add_argument('--lr', '-l', type=float, default=0.1, help='the rate (default: %(default)s)')\np.add_argument('--epochs', type=int, default=3)\np.add_argument('--name', default='a b')\np.add_argument('--depth', type=int)"
                + show, command: "\(python) kinds.py",
            says: [
                "lr = xpm.float { default = 0.1, help = \"the rate (default: 0.1)\" }",
                "epochs = xpm.int { default = 3 }",
                "name = xpm.string { default = \"a b\" }", "depth = xpm.optional(xpm.int)",
                "help = \"Trains a model\"",
            ], arguments: "'--epochs' '5' '--lr' '0.1' '--name' 'a b'", values: ["-c", "epochs=5"]),
        Program(
            name: "flags.py",
            text: argparse
                + "p.add_argument('--augment', action='store_true')\np.add_argument('--no-cache', dest='cache', action='store_false')\np.add_argument('--shuffle', action=argparse.BooleanOptionalAction, default=True)\np.add_argument('-v', action='count')\np.add_argument('--tag', action='append')"
                + show, command: "\(python) flags.py",
            says: [
                "augment = xpm.bool { default = false }", "no_cache = xpm.bool", "no_shuffle = xpm.bool",
                "-- not read: -v: it counts how often it is given",
                "-- not read: --tag: it is given once for each value",
            ], arguments: "'--augment' '--no-shuffle'",
            values: ["-c", "augment=true", "-c", "no_shuffle=true"]),
        Program(
            name: "lists.py",
            text: argparse
                + "p.add_argument('--layers', type=int, nargs='+', default=[1, 2])\np.add_argument('--opt', choices=['adam', 'sgd'], default='adam')\np.add_argument('--bits', type=int, choices=[8, 16], default=8)\np.add_argument('--learning-rate', type=float, default=1e-3)"
                + show, command: "\(python) lists.py",
            says: [
                "layers = xpm.list(xpm.int) { default = { 1, 2 } }",
                "opt = xpm.enum { \"adam\", \"sgd\", default = \"adam\" }",
                "bits = xpm.int { choices = { 8, 16 }, default = 8 }", "args = { dashes = true }",
            ], arguments: "'--bits' '8' '--layers' '1' '2' '--learning-rate' '0.001' '--opt' 'sgd'",
            values: ["-c", "opt=sgd"]),
        Program(
            name: "required.py",
            text: argparse
                + "p.add_argument('data', help='where')\np.add_argument('--n', type=int, required=True)\np.add_argument('-q', type=float, default=2.5)\np.add_argument('--log', default='x')\np.add_argument('--f', type=lambda s: s.upper())"
                + show, command: "\(python) required.py",
            says: [
                "-- required: this value is made up", "data = xpm.string { help = \"where\" }",
                "n = xpm.int,",
                "log_option = xpm.string { default = \"x\" }", "-- its type is <lambda>",
                "rename = { log_option = \"log\" }",
            ], arguments: "'x' '-q' '2.5' '--log' 'x' '--n' '1'"),
        Program(
            name: "tool.py",
            text:
                "import argparse, sys\np = argparse.ArgumentParser()\np.add_argument('--verbose', action='store_true')\ns = p.add_subparsers(dest='c', required=True)\nt = s.add_parser('train', description='Trains')\nt.add_argument('--lr', type=float, default=0.5)\ne = s.add_parser('eval')\ne.add_argument('--split', default='dev')"
                + show, command: "\(python) tool.py train",
            says: [
                "lr = xpm.float { default = 0.5 }", "help = \"Trains\"",
                "-- not read: --verbose: it stands before the subcommand",
            ],
            arguments: "'train' '--lr' '0.5'"),
        Program(
            name: "paths.py",
            text: "import pathlib\n" + argparse
                + "p.add_argument('--data', type=pathlib.Path, default='data.csv')\np.add_argument('--to', type=pathlib.Path, default='out.txt')"
                + show, command: "\(python) paths.py",
            says: [
                "data = xpm.file { default = \"../data.csv\" }", "-- a path:",
                "to = xpm.string { default = \"out.txt\" }",
            ],
            arguments: "'--data' 'DATA' '--to' 'out.txt'"),
        Program(
            name: "odd.py",
            text:
                "import argparse, sys\npre = argparse.ArgumentParser(add_help=False)\npre.add_argument('--config')\nk, rest = pre.parse_known_args()\np = argparse.ArgumentParser(parents=[pre])\np.add_argument('--lr', type=float, default=0.1)\np.add_argument('--fixed', type=float, default=1)\np.add_argument('--shuffle', type=bool, default=False)\np.add_argument('--mixed', default=5)\np.add_argument('--file', default='a')\np.add_argument('x', nargs='?')\np.add_argument('rest', nargs='*')"
                + show,
            command: "\(python) odd.py --fixed 0.5",
            says: [
                "config = xpm.optional(xpm.string)", "-- its type is bool", "-- its default is 5",
                "file_option = xpm.string", "x = xpm.optional(xpm.string)",
            ],
            arguments: "'--fixed' '0.5' '--file' 'a' '--lr' '0.1'"),
        Program(
            name: "prose",
            text: help(
                """
                Usage: prose

                Options:
                  --time WORD   change the default of using modification times
                  --kind <|>    odd
                  --size N      how large; default: 3
                  -yyy...       a form
                """), command: "./prose",
            says: ["time = xpm.optional(xpm.string)", "size = xpm.int { default = 3"],
            arguments: "--size 3"),
        Program(
            name: "none.py", text: argparse + show, command: "\(python) none.py",
            says: ["-- The program tells of no options."], arguments: ""),
        Program(
            name: "hello.py",
            text:
                "import click, sys\n@click.command()\n@click.option('--count', default=1, help='How often.')\n@click.option('--learning-rate', type=float, required=True)\n@click.option('--shout/--no-shout', default=True)\n@click.option('--tags', multiple=True, default=['a', 'b'])\n@click.option('--alg', type=click.Choice(['x', 'y']), default='x')\n@click.argument('name')\ndef hello(**k):\n    'Greets.'\n    print('ARGS', *map(repr, sys.argv[1:]))\nhello()\n",
            command: "\(python) hello.py",
            says: [
                "count = xpm.int { default = 1, help = \"How often.\" }", "learning_rate = xpm.float,",
                "no_shout = xpm.bool",
                "tags_option = xpm.list(xpm.string) { default = { \"a\", \"b\" } }",
                "alg = xpm.enum { \"x\", \"y\", default = \"x\" }",
                "style = \"click\"", "help = \"Greets.\"",
            ], arguments: "'x' '--alg' 'x' '--count' '1' '--learning-rate' '1.0' '--tags' 'a' '--tags' 'b'"),
        Program(
            name: "group.py",
            text:
                "import click, sys\n@click.group()\ndef cli(): pass\n@cli.group()\ndef db(): pass\n@db.command()\n@click.option('--n', default=3)\ndef fill(n):\n    print('ARGS', *map(repr, sys.argv[1:]))\n@cli.command()\ndef other(): pass\ncli()\n",
            command: "\(python) group.py db fill", says: ["n = xpm.int { default = 3 }"],
            arguments: "'db' 'fill' '--n' '3'"),
        Program(
            name: "typed.py",
            text:
                "import sys, typer\ndef main(name: str, lr: float = 0.1, verbose: bool = False):\n    'Trains.'\n    print('ARGS', *map(repr, sys.argv[1:]))\ntyper.run(main)\n",
            command: "\(python) typed.py",
            says: [
                "lr = xpm.float { default = 0.1 }", "verbose = xpm.bool { default = false }",
                "style = \"click\"",
            ],
            arguments: "'x' '--lr' '0.1'"),
        Program(
            name: "typers.py",
            text:
                "import sys, typer, enum\nclass Opt(str, enum.Enum):\n    adam = 'adam'\n    sgd = 'sgd'\napp = typer.Typer()\n@app.command()\ndef train(opt: Opt = Opt.adam, n: int = typer.Option(..., help='how many')):\n    print('ARGS', *map(repr, sys.argv[1:]))\n@app.command()\ndef test(): pass\napp()\n",
            command: "\(python) typers.py train",
            says: [
                "opt = xpm.enum { \"adam\", \"sgd\", default = \"adam\" }",
                "n = xpm.int { help = \"how many\" }",
            ],
            arguments: "'train' '--n' '1' '--opt' 'adam'"),
        Program(
            name: "opt.R",
            text:
                "library(optparse)\nl <- list(make_option(c('-l', '--lr'), type='double', default=0.1, help='the rate [default %default]'), make_option('--n', type='integer', default=5, help='how many [default %default]'), make_option(c('-v', '--verbose'), action='store_true', default=FALSE, help='says more'))\no <- parse_args(OptionParser(option_list=l))\ncat('ARGS', commandArgs(TRUE), '\\n')\n",
            command: "Rscript opt.R",
            says: [
                "lr = xpm.float { default = 0.1", "n = xpm.int { default = 5",
                "verbose = xpm.bool { default = false",
            ],
            arguments: "--lr 0.1 --n 5"),
        Program(
            name: "arg.R",
            text:
                "library(argparse)\np <- ArgumentParser(description='Of R')\np$add_argument('--lr', type='double', default=0.25, help='the rate')\np$add_argument('--kind', choices=c('a', 'b'), default='a')\na <- p$parse_args()\ncat('ARGS', commandArgs(TRUE), '\\n')\n",
            command: "Rscript arg.R",
            says: [
                "lr = xpm.float { default = 0.25, help = \"the rate\" }",
                "kind = xpm.enum { \"a\", \"b\", default = \"a\" }",
            ],
            arguments: "--kind a --lr 0.25"),
        // What ArgParse of Julia, clap of Rust, flag of Go and docopt print.
        Program(
            name: "julia",
            text: help(
                """
                usage: sim.jl [--lr LR] [--layers LAYERS [LAYERS...]] [--fast] data

                Simulates.

                positional arguments:
                  data        where (type: String)

                optional arguments:
                  --lr LR     the rate (type: Float64, default: 0.1)
                  --n N       how many (type: Int64, default: 7)
                  --fast      hurries
                  -h, --help  show this help message and exit
                """), command: "./julia",
            says: [
                "lr = xpm.float { default = 0.1", "n = xpm.int { default = 7", "fast = xpm.bool",
                "data = xpm.string", "help = \"Simulates.\"",
            ],
            arguments: "x --lr 0.1 --n 7"),
        Program(
            name: "clap",
            text: help(
                """
                Does things

                Usage: clap [OPTIONS] --rate <RATE>

                Options:
                  -r, --rate <RATE>    Rate of it
                  -m, --mode <MODE>    [default: fast] [possible values: fast, slow]
                      --max-depth <N>  Depth [default: 12]
                  -v, --verbose        Says more
                  -h, --help           Print help
                """), command: "./clap",
            says: [
                "rate = xpm.string", "-- required: this value is made up",
                "max_depth = xpm.int { default = 12", "mode = xpm.string { default = \"fast\"",
                "verbose = xpm.bool",
            ],
            arguments: "--max-depth 12 --mode fast --rate x"),
        Program(
            name: "goflags",
            text: help(
                """
                Usage of goflags:
                  -n int
                    \tnumber of runs (default 5)
                  -rate float
                    \trate of it (default 0.5)
                  -name string
                    \tits name (default "bob")
                """), command: "./goflags",
            says: [
                "n = xpm.int { default = 5", "rate = xpm.float { default = 0.5",
                "name = xpm.string { default = \"bob\"",
            ],
            arguments: "-n 5 -rate 0.5 -name bob"),
        Program(
            name: "docopt",
            text: help(
                """
                Naval Fate.

                Usage:
                  naval [--speed=<kn>] [--moored]

                Options:
                  --speed=<kn>  Speed in knots [default: 10].
                  --moored      Moored mine.
                """), command: "./docopt",
            says: ["speed = xpm.int { default = 10", "moored = xpm.bool { default = false"],
            arguments: "--speed 10"),
    ]

    private static let names = programs.map(\.name)

    /// A program that prints a help text, or its arguments.
    private static func help(_ text: String) -> String {
        "#!/bin/sh\nif [ \"$1\" = --help ]; then cat <<'END'\n\(text)\nEND\nelse echo ARGS \"$@\"; fi\n"
    }

    @Test(
        "programs of every framework become tasks, which call them as they want to be called",
        arguments: Self.names)
    func options(_ name: String) throws {
        let program = try #require(Self.programs.first { $0.name == name })
        let bench = try Workbench()
        try bench.write("1,2\n", to: "data.csv")
        try bench.write(program.text, to: program.name, mode: 0o777)
        let made = try bench.run("init", "study", "--from", program.command)
        #expect(made.code == 0 && made.output.contains("wrote study/experiment.lua"), "\(made)")
        let script = try bench.read("study/experiment.lua")
        for line in program.says { #expect(script.contains(line), "\(line)\n\(script)") }
        let (process, tag) = try bench.start(["run", "--dry-run", "study/full.yaml"] + program.values)
        let dry = try bench.finish(process, tag)
        #expect(dry.code == 0, "\(dry)\n\(script)")
        let (real, realTag) = try bench.start(["run", "study/full.yaml"] + program.values)
        let run = try bench.finish(real, realTag)
        #expect(run.code == 0, "\(run)\n\(script)")
        let job = try #require(
            Files.paths(in: "\(bench.folder)/workspace/jobs").flatMap { Files.paths(in: $0) }.first)
        let output = try #require(Files.paths(in: job).first { $0.hasSuffix(".out") })
        let said = try Files.readText(output).split(separator: "\n").last { $0.hasPrefix("ARGS") } ?? ""
        let data = "\(bench.folder)/workspace"
        let expected = program.arguments.replacing("DATA", with: "\(bench.folder)/data.csv")
        #expect(said.dropFirst(4).trimmed == expected, "\(said) \(data)")
        // Twice it is the same; another program does not take its place.
        #expect(
            try bench.run("init", "study", "--from", program.command).output.contains("left study/full.yaml"))
        try bench.write(Self.help("Options:\n  --other X  another\n"), to: "other", mode: 0o777)
        let other = try bench.run("init", "study", "--from", "./other")
        #expect(other.code == 2 && other.error.contains("is there already"), "\(other)")
    }

    @Test("a program that crashes, hangs, says too much or has subcommands is told; nothing is written")
    func wrong() throws {
        let bench = try Workbench()
        try bench.write("#!/bin/sh\necho broken >&2\nexit 3\n", to: "crash", mode: 0o777)
        try bench.write("#!/bin/sh\nsleep 60\n", to: "hang", mode: 0o777)
        try bench.write("#!/bin/sh\nyes '  --x X  much' | head -c 10000000\n", to: "much", mode: 0o777)
        try bench.write(Self.programs.first { $0.name == "tool.py" }?.text ?? "", to: "tool.py")
        try bench.write(
            "#!/bin/sh\nprintf '  --a A  \\033]0;title\\007 \\033[31mred $(touch evil) `x` ${y}\\n'\n",
            to: "odd", mode: 0o777)
        for (from, message) in [
            ("./crash", "./crash --help ended with exit code 3: broken"),
            ("./hang", "has not ended within 10 s"),
            ("./none", "no such program"), ("./crash {x}", "--from is the command without values"),
            ("./crash | cat", "no shell reads it"), ("\(Self.python) tool.py", "has subcommands: name one"),
            ("", "the command is empty"),
        ] {
            let wrong = try bench.run("init", "study", "--from", from)
            #expect(wrong.code == 2 && wrong.error.contains(message), "\(from): \(wrong)")
            #expect(!Files.exists("\(bench.folder)/study"))
        }
        #expect(try bench.run("init", "much-of-it", "--from", "./much").code == 0)
        let odd = try bench.run("init", "odd-one", "--from", "./odd", "--run")
        #expect(odd.code == 0 && !Files.exists("\(bench.folder)/evil"), "\(odd)")
        let script = try bench.read("odd-one/experiment.lua")
        #expect(!script.contains("\u{1b}") && !script.contains("\u{7}"), "\(script)")
        #expect(try bench.run("init", "x", "--run").code == 64)
    }
}
