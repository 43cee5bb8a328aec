package import Model
import Store
import Text

/// A submitted task.
package final class Job {
    package let spec: JobSpec
    package let task: ConfigObject
    /// Those of its objects, and of the others that were submitted as this job.
    package internal(set) var tags: [ConfigObject.Tag]
    /// Whether it counts as done without an outcome in its folder.
    var isDoneElsewhere = false
    /// Whether it was done when it was submitted, and runs only for what it had made, if at all.
    var isAsBefore = false
    /// How it was submitted; jobs one after the other that were submitted alike have one.
    var options: SharedOptions?

    init(spec: JobSpec, task: ConfigObject, tags: [ConfigObject.Tag]) {
        self.spec = spec
        self.task = task
        self.tags = tags
    }
}

/// Options of several jobs.
final class SharedOptions {
    let options: JobOptions

    init(_ options: JobOptions) { self.options = options }
}
