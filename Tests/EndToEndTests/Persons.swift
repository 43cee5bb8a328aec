import Foundation
import System
import Testing
import Text

/// A user of the machine who shares the folder of a test with others, by the group `users`. Needs root, to
/// become that user.
struct Person {
    let name: String
    /// What a new file of this user does not get.
    var umask = "002"

    static let ana = Person(name: "games")
    static let ben = Person(name: "news")

    static let canSwitch = geteuid() == 0 && Files.isExecutable("/usr/bin/setpriv")

    /// The program and the arguments that run a program as this user.
    fileprivate func wrapping(_ arguments: [String]) -> [String] {
        [
            "--reuid", name, "--regid", "users", "--clear-groups", "/bin/sh", "-c",
            "umask \(umask); exec \"$@\"", "sh",
        ] + arguments
    }
}

extension Workbench {
    /// Makes the folder one that the group `users` shares, with programs that everybody can run.
    func share() throws {
        try Files.makeFolder("\(folder)/bin")
        for name in ["xpm", "xpm-job"] {
            try Files.copyTree("\(Self.programs)/\(name)", to: "\(folder)/bin/\(name)")
        }
        #expect(ChildProcess.output(["chmod", "-R", "a+rX", folder])?.code == 0)
        #expect(ChildProcess.output(["chgrp", "users", folder])?.code == 0)
        #expect(ChildProcess.output(["chmod", "2775", folder])?.code == 0)
    }

    func start(
        as person: Person, _ arguments: [String], program: String? = nil,
        environment: [String: String] = [:]
    ) throws -> (process: Process, tag: String) {
        try start(
            person.wrapping([program ?? "\(folder)/bin/xpm"] + arguments), program: "/usr/bin/setpriv",
            environment: environment.merging([
                "HOME": "/nonexistent", "XDG_CONFIG_HOME": "\(folder)/config-\(person.name)",
            ]) { $1 })
    }

    func run(
        as person: Person, _ arguments: String..., program: String? = nil,
        environment: [String: String] = [:]
    ) throws -> Result {
        let (process, tag) = try start(as: person, arguments, program: program, environment: environment)
        return try finish(process, tag)
    }
}
