import Testing
import Text

@testable import Engine
@testable import Model
@testable import Store

@Suite("Submitted jobs", .timeLimit(.minutes(20)))
struct SubmittedJobsTests {
    @Test("each identifier has its last job, however many there are")
    func lookUp() throws {
        var jobs = SubmittedJobs()
        let type = try ConfigType(id: "t.t", kind: .task, base: nil, parameters: [], options: .init())
        func job(_ number: Int, _ name: Int) -> Job {
            let identifier = Identifier(hashing: [UInt8(name & 255), UInt8(name >> 8)])
            let spec = JobSpec(
                number: JobNumber(number), identifier: identifier, taskID: "t.t",
                folder: JobFolder(path: "/w/jobs/t.t/\(identifier.hex)", name: "t"), in: "/w/jobs/t.t",
                language: .sh,
                dependencies: [], tags: "")
            return Job(spec: spec, task: ConfigObject(type), tags: [])
        }
        for number in 0..<5000 { jobs.append(job(number, number)) }
        for number in 5000..<5010 { jobs.append(job(number, number - 5000)) }
        #expect(jobs.all.count == 5010)
        for name in 0..<5000 {
            let identifier = Identifier(hashing: [UInt8(name & 255), UInt8(name >> 8)])
            let found = try #require(jobs[identifier])
            #expect(
                found.spec.identifier == identifier
                    && found.spec.number.index == (name < 10 ? name + 5000 : name))
            #expect(found.spec.folder.path == "/w/jobs/t.t/\(identifier.hex)")
        }
        #expect(jobs[Identifier(hashing: [1])] == nil)
    }
}
