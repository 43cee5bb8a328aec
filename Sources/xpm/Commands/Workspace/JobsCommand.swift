import ArgumentParser
import Inventory
import Model
import Store
import System
import Text

struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "jobs",
        abstract: "List jobs, look into them, stop them, run them again, remove them.",
        discussion: """
            A job is named by its folder, the beginning of its identifier, or type/identifier. --filter picks jobs by their tags and by @state \
            (done, failed, running, waiting, held, "not run"), @name (the type), @id, @experiment and @run, with =, !=, <, >, \
            ~ (a regular expression), in, not in, and, or, not.

            Examples:
              xpm jobs list -c 10
              xpm jobs list --filter '@state = "failed" and lr in [0.1, 0.01]'
              xpm jobs log -f 3f2a1b9c
              xpm jobs priority 5 --filter 'lr = 0.1'
              xpm jobs retry --filter '@state = failed' -j 4
            """,
        subcommands: [
            List.self, Show.self, Log.self, Path.self, Hold.self, Release.self, Priority.self, Kill.self,
            Retry.self, Clean.self, Usage.self,
        ])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "list", of: "jobs", abstract: "List jobs, the last submitted first.")

        @OptionGroup var selection: JobSelection

        @Option(name: .joinedOrLong("c"), help: ArgumentHelp("At most so many.", valueName: "n"))
        var count: Int?

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let jobs = try selection.query.jobs(count: count)
                if json {
                    for job in jobs { StandardStream.output.write(job.json.text + "\n") }
                } else {
                    StandardStream.output.write(JobReport(style: .standardOutput).table(jobs))
                    if jobs.isEmpty { StandardStream.error.write("no jobs\n") }
                }
            } catch { throw error.reported() }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "show", of: "jobs",
            abstract: "Show a job: its state, times, parameters, dependencies and last lines.")

        @Argument(help: "The jobs (default: all of the newest runs).", completion: Completion.jobs)
        var jobs: [String] = []
        @OptionGroup var selection: JobSelection

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            do throws(Failure) {
                let report = JobReport(style: .standardOutput)
                for job in try selection.query.chosen(jobs, orAll: true) {
                    StandardStream.output.write(json ? report.json(job).text + "\n" : report.whole(job))
                }
            } catch { throw error.reported() }
        }
    }

    struct Path: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "path", of: "jobs", abstract: "Print the folders of jobs.")

        @Argument(help: "The jobs (default: all of the newest runs).", completion: Completion.jobs)
        var jobs: [String] = []
        @OptionGroup var selection: JobSelection
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                for job in try selection.query.chosen(jobs, orAll: true) {
                    StandardStream.output.write((json ? job.json.text : job.folder.path) + "\n")
                }
            } catch { throw error.reported() }
        }
    }

    struct Usage: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "usage", of: "jobs",
            abstract: "Show for each type what its jobs asked for and what they used.",
            discussion: """
                Of the jobs that are done: the longest, the one with the most memory, the one that kept the most processors busy; and a \
                requirement that would have been enough, with something to spare.

                Example:
                  xpm jobs usage -e experiment
                """)

        @Argument(help: "The jobs (default: all of the newest runs).", completion: Completion.jobs)
        var jobs: [String] = []
        @OptionGroup var selection: JobSelection
        @Flag(help: "One JSON object a line.") var json = false

        func run() throws {
            do throws(Failure) {
                let all = JobUsage.all(of: try selection.query.chosen(jobs, orAll: true))
                for one in all {
                    StandardStream.output.write(json ? one.json.text + "\n" : Self.text(one))
                }
                if all.isEmpty {
                    StandardStream.error.write("of no job that is done is it known what it used\n")
                }
            } catch { throw error.reported() }
        }

        private static func text(_ usage: JobUsage) -> String {
            let cores = NumberText.fixed(usage.mostCores, decimals: 1)
            let asked = usage.requirement.map { "  asked for  \($0.text)\n" } ?? ""
            return """
                \(Style.standardOutput.bold(usage.task))  \(usage.count) job\(usage.count == 1 ? "" : "s")
                \(asked)  used       \(NumberText.duration(usage.mostSeconds)), \(cores) cores, \(NumberText.bytes(usage.mostMemory)) at most
                  enough     requires = "\(usage.enough)"

                """
        }
    }

    struct Log: ParsableCommand {
        static let configuration = CommandConfiguration.command(
            "log", of: "jobs",
            abstract: "Print a job's standard error, or its standard output, and follow it.",
            discussion: "Where a job has ended and wrote nothing to standard error, it is standard output.")

        @Argument(help: "The job.", completion: Completion.jobs) var job: String
        @OptionGroup var selection: JobSelection

        @Flag(help: "Standard output instead of standard error.")
        var out = false

        @Flag(name: .shortAndLong, help: "Go on while the job runs; wait for one that has not begun.")
        var follow = false

        @OptionGroup var log: LogOptions

        func run() throws {
            do throws(Failure) {
                guard let job = try selection.query.chosen([job]).first else { return }
                let isSilent =
                    Files.size(of: job.folder.error) == 0 && !FileLock.isHeld(job.folder.lock)
                    && Files.exists(job.folder.output)
                let path = out || isSilent ? job.folder.output : job.folder.error
                if let problem = job.problem { throw Failure(problem) }
                let place = try selection.query.place(of: [self.job])
                let members: [JSON.Member] = [
                    .init("task", .string(job.task)), .init("id", .string(job.identifier)),
                    .init("stream", path == job.folder.output ? "stdout" : "stderr"),
                ]
                try LogFollower(path: path, json: log.json ? members : nil, lines: log.lines, follows: follow)
                {
                    FileLock.isHeld(job.folder.lock)
                } mayBegin: {
                    WorkspaceInventory(place).mayBegin(job)
                } isSilent: {
                    job.folder.isDone
                }.run()
            } catch { throw error.reported() }
        }
    }
}
