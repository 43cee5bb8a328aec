package import Model
package import Settings
package import System
import Text

/// `objects.jsonl` of a run: the objects of its tasks, a line each, those that several tasks share once.
///
/// experimaestro's `load_xp_info` reads it. Belongs to the thread of the script.
package final class ObjectLog {
    private let log: RepeatedLog
    private var writer: ObjectWriter

    private let secrets: Secrets
    private var isPrivate = false

    /// - Parameter secrets: with one of them in it the file is for its owner only.
    package init(_ run: RunFolder, secrets: Secrets = Secrets()) throws(SystemError) {
        self.secrets = secrets
        log = try RepeatedLog("\(run.path)/objects.jsonl", runs: run.earlier)
        // Its reader knows no folder that paths could be relative to.
        writer = ObjectWriter(workspace: "", job: nil)
    }

    /// Writes a submitted task, and those of its objects that are not there yet.
    ///
    /// - Parameter canWait: whether the lines may be lost with this process.
    package func add(_ task: ConfigObject, canWait: Bool) throws(SystemError) {
        var objects: [JSON] = []
        _ = writer.number(of: task, to: &objects)
        if !isPrivate, !secrets.isEmpty, objects.contains(where: { secrets.areIn($0.bytes) }) {
            try log.makePrivate()
            isPrivate = true
        }
        for object in objects {
            if let failure = log.append(.init(head: object.bytes), canWait: canWait) { throw failure }
        }
    }

    /// Writes the lines that were kept back.
    package func flush() throws(SystemError) {
        if let failure = log.flush() { throw failure }
    }

    /// Nothing follows.
    package func end() throws(SystemError) {
        if let failure = log.end() { throw failure }
    }
}
