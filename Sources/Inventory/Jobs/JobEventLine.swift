import Text

/// A line of a run's `events.jsonl` that tells of a job: of its members those that are needed to follow the run.
package struct JobEventLine {
    /// Its identifier, as it is written.
    package private(set) var job: ArraySlice<UInt8>?
    /// The state, or what somebody wanted.
    package private(set) var word: String?
    /// In seconds since 1970; NaN where it does not say.
    package private(set) var time = Double.nan
    package private(set) var isCached = false
    /// Of jobs that were done already, and that follow each other in the run: the last one, and how many they are.
    package private(set) var through: ArraySlice<UInt8>?
    package private(set) var count = 1
    // Decoded where somebody asks for them.
    private var taskValue: ArraySlice<UInt8>?
    private var reasonValue: ArraySlice<UInt8>?

    package init(_ line: ArraySlice<UInt8>) {
        var fields = JSONFields(line)
        while let (name, value) = fields.next() {
            if JSONFields.isName(name, "job_id") {
                job = JSONFields.plainText(value)
            } else if JSONFields.isName(name, "task_id") {
                taskValue = value
            } else if JSONFields.isName(name, "state") || JSONFields.isName(name, "want") {
                word = JSONFields.plainText(value).map { String(decoding: $0, as: UTF8.self) }
            } else if JSONFields.isName(name, "timestamp") {
                time = JSONFields.number(value) ?? .nan
            } else if JSONFields.isName(name, "reason") {
                reasonValue = value
            } else if JSONFields.isName(name, "cached") {
                isCached = value.first == UInt8(ascii: "t")
            } else if JSONFields.isName(name, "through") {
                through = JSONFields.plainText(value)
            } else if JSONFields.isName(name, "count") {
                count = Int(String(decoding: value, as: UTF8.self)) ?? 1
            }
        }
    }

    /// The key of its type.
    package var task: String? { taskValue.flatMap(JSONFields.text) }

    package var reason: String? { reasonValue.flatMap(JSONFields.text) }
}
