package import Store
package import Text

/// A place where two tasks differ.
package struct TaskDifference: Equatable {
    /// `optimizer.lr`; a task on the way stands in parentheses: `trained.(iris.train).lr`.
    package var path: String
    /// The values, as people read them; nil where one side has none.
    package var old: String?
    package var new: String?
    package var note: Note?
    /// Of a list or a set of another length: what came, and what went.
    package var change: ListChange?

    package struct ListChange: Equatable {
        package let added: [String]
        package let removed: [String]
        /// How many elements there are now.
        package let count: Int

        /// `2 added (3, 4), of 12 now`
        fileprivate var text: String {
            let parts = [(added, "added"), (removed, "gone")].compactMap { list, word -> String? in
                if list.isEmpty { return nil }
                let names = list.prefix(5).joined(separator: ", ")
                return "\(list.count) \(word) (\(names)\(list.count > 5 ? ", …" : ""))"
            }
            return "\(parts.isEmpty ? "in another order" : parts.joined(separator: ", ")); \(count) now"
        }
    }

    package enum Note: Equatable {
        /// Neither side gave a value: the default is another now.
        case defaultChanged
        /// The new side has a parameter more, at its default.
        case newParameter
        /// It is no part of the identity.
        case outsideIdentity
        /// It was a part of the identity and is none now, or the other way round.
        case noLongerCounts, countsNow
        /// It is of another type, and nothing in it was compared.
        case otherType
    }

    /// `optimizer.lr: 0.1 → 0.01 (its default changed)`
    package var text: String {
        switch note {
        case .noLongerCounts: return "\(path): no longer counts (\(old ?? "nothing"))"
        case .countsNow: return "\(path): counts now (\(new ?? "nothing"))"
        default: break
        }
        let long = (old?.utf8.count ?? 0) + (new?.utf8.count ?? 0) > 60
        let values =
            switch (old, new) {
            case (_?, _?) where change != nil && long: change?.text ?? ""
            case (let old?, let new?): "\(old) → \(new)"
            case (let old?, nil): "\(old) → (not there)"
            case (nil, let new?): "(not there) → \(new)"
            case (nil, nil): "?"
            }
        let remark =
            switch note {
            case .defaultChanged: " (its default changed)"
            case .newParameter: " (a new parameter: with ignore_default = true the older results would count)"
            case .outsideIdentity: " (not part of the identity)"
            case .noLongerCounts, .countsNow, .otherType, nil: ""
            }
        return (path.isEmpty ? "type" : path) + ": " + values + remark
    }

    package var json: JSON {
        [
            "path": .string(path), "old": .optional(old), "new": .optional(new),
            "default_changed": .bool(note == .defaultChanged),
            "in_identity": .bool(note != .outsideIdentity),
        ]
    }
}

extension RecordedTask {
    /// How many differences there are from an earlier task; in a field of tasks that it comes from, and that were
    /// left to files of their own, one. No other file is read.
    package func distance(from old: RecordedTask) -> Int {
        var comparison = Comparison(old: old, new: self, Comparison.Shared(false, AncestorFiles()))
        return comparison.count()
    }

    /// What differs from an earlier task.
    ///
    /// - Parameter throughEqual: whether to look into objects with equal identifiers too: there only what the
    ///   identity leaves out can differ.
    package func differences(
        from old: RecordedTask, throughEqual: Bool = false, files: AncestorFiles = AncestorFiles()
    ) -> [TaskDifference] {
        var comparison = Comparison(old: old, new: self, Comparison.Shared(throughEqual, files))
        comparison.compareAll()
        // They differ, and it is not in their values: then in what counts.
        if !throughEqual, !comparison.found.contains(where: { $0.note != .outsideIdentity }) {
            var again = Comparison(
                old: old, new: self, Comparison.Shared(false, files, tellsWhatCounts: true))
            again.compareAll()
            return again.found
        }
        return comparison.found
    }
}

/// The tasks that others come from and were left to files of their own, as far as they were asked for: those of one
/// plan have many in common.
package final class AncestorFiles {
    /// How many pairs of files one comparison reads, the nearest ones.
    fileprivate let mostPairs = 64
    private var old: TextMap<RecordedTask?> = [:]
    private var new: TextMap<RecordedTask?> = [:]
    private let planned: (String) -> RecordedTask?
    /// So many are kept.
    private static let most = 512

    /// - Parameter planned: the task of a job's folder as the plan has it, which may not be written yet.
    package init(planned: @escaping (String) -> RecordedTask? = { _ in nil }) { self.planned = planned }

    /// An object as a whole; nil where it cannot be read.
    fileprivate func whole(
        _ task: RecordedTask, _ number: Int64, isNew: Bool
    ) -> (task: RecordedTask, number: Int64)? {
        guard let object = task.objects[number] else { return nil }
        if object.file == nil { return (task, number) }
        guard let place = task.place(of: number) else { return nil }
        if let known = isNew ? new[place] : old[place] { return known.map { ($0, $0.root) } }
        let found = (isNew ? planned(place) : nil) ?? (try? RecordedTask.read(place))
        if isNew {
            if new.count >= Self.most { new = [:] }
            new[place] = .some(found)
        } else {
            if old.count >= Self.most { old = [:] }
            old[place] = .some(found)
        }
        return found.map { ($0, $0.root) }
    }
}

private struct Comparison {
    let old: RecordedTask
    let new: RecordedTask
    private let shared: Shared
    var found: [TaskDifference] = []
    private var visited: Set<Pair> = []
    /// What was left to files of its own, and is compared after all else.
    private var later: [Later] = []
    /// In how many fields that count there is some of that.
    private var fieldsLater = 0
    private var depth = 0
    /// What is nested deeper counts as one value.
    private static let deepest = 500

    private struct Pair: Hashable {
        let old: Int64
        let new: Int64
    }

    private struct Later {
        let old: (task: RecordedTask, number: Int64)
        let new: (task: RecordedTask, number: Int64)
        let path: String
        let depth: Int
        /// What is said of all that differs in it.
        var note: TaskDifference.Note?
    }

    /// What the comparisons of the objects of several files have in common.
    final class Shared {
        let throughEqual: Bool
        /// Whether values that are equal are told of, where one counts and the other does not.
        let tellsWhatCounts: Bool
        let files: AncestorFiles
        /// Pairs of tasks, by their identifiers: each is compared once.
        var seen: TextSet = []

        init(_ throughEqual: Bool, _ files: AncestorFiles, tellsWhatCounts: Bool = false) {
            self.throughEqual = throughEqual
            self.files = files
            self.tellsWhatCounts = tellsWhatCounts
        }
    }

    private var throughEqual: Bool { shared.throughEqual }
    private var tellsWhatCounts: Bool { shared.tellsWhatCounts }

    init(old: RecordedTask, new: RecordedTask, _ shared: Shared) {
        self.old = old
        self.new = new
        self.shared = shared
    }

    /// Counts what differs in what counts.
    mutating func count() -> Int {
        compare(old.root, new.root, at: "")
        return found.count { $0.note != .outsideIdentity } + fieldsLater
    }

    /// Compares the tasks themselves, and then what they come from: the nearest first.
    mutating func compareAll() {
        compare(old.root, new.root, at: "")
        var (place, left) = (0, shared.files.mostPairs)
        while place < later.count {
            let next = later[place]
            place += 1
            let start = found.count
            left -= 1
            if left >= 0, let before = shared.files.whole(next.old.task, next.old.number, isNew: false),
                let after = shared.files.whole(next.new.task, next.new.number, isNew: true)
            {
                var inner = Comparison(old: before.task, new: after.task, shared)
                inner.depth = next.depth
                inner.compareObjects(before.number, after.number, at: next.path)
                found += inner.found
                for var more in inner.later {
                    more.note = more.note ?? next.note
                    later.append(more)
                }
            } else {
                found.append(
                    TaskDifference(
                        path: next.path, old: next.old.task.told(reference: next.old.number),
                        new: next.new.task.told(reference: next.new.number)))
            }
            for index in start..<found.count where found[index].note == nil { found[index].note = next.note }
        }
    }

    mutating func compare(_ left: Int64, _ right: Int64, at path: String) {
        guard visited.insert(Pair(old: left, new: right)).inserted, let a = old.objects[left],
            let b = new.objects[right]
        else { return }
        if a.identifier == b.identifier, !throughEqual { return }
        if depth >= Self.deepest {
            if a.identifier != b.identifier {
                found.append(
                    TaskDifference(path: path, old: a.identifier, new: b.identifier, note: .otherType))
            }
            return
        }
        // Tasks of several files may come from the same ones.
        if a.task == left, b.task == right || b.file != nil, !a.identifier.isEmpty,
            !shared.seen.insert("\(a.identifier) \(b.identifier)").inserted
        {
            return
        }
        if a.file != nil || b.file != nil {
            // What a task needed, and is the same, is its own affair.
            if a.identifier == b.identifier { return }
            later.append(Later(old: (old, left), new: (new, right), path: path, depth: depth + 1))
            return
        }
        compareObjects(left, right, at: path)
    }

    private mutating func compareObjects(_ left: Int64, _ right: Int64, at path: String) {
        guard let a = old.objects[left], let b = new.objects[right] else { return }
        depth += 1
        defer { depth -= 1 }
        if a.type.lowercased() != b.type.lowercased() {
            found.append(TaskDifference(path: path, old: a.type, new: b.type, note: .otherType))
            return
        }
        compareFields(a, b, at: path)
        compareMakers(a, b, left, right, at: path)
        compareInitTasks(a, b, at: path)
    }

    private mutating func compareFields(_ a: RecordedTask.Object, _ b: RecordedTask.Object, at path: String) {
        let names = TextSet(a.fields.map(\.name) + b.fields.map(\.name)).ordered
        for name in names {
            let start = found.count
            let before = a.fields.first { $0.name == name }?.value
            let after = b.fields.first { $0.name == name }?.value
            // At a default that does not count, with nothing or the same on the other side.
            let isIgnored =
                !throughEqual && b.ignored.contains(name) && (before == nil || a.ignored.contains(name))
                || !throughEqual && a.ignored.contains(name) && after == nil
            if isIgnored { continue }
            if let note = changeOfCounting(a, b, name, before, after) {
                found.append(
                    TaskDifference(
                        path: Self.join(path, name), old: before.map { old.told($0) },
                        new: after.map { new.told($0) },
                        note: note))
                continue
            }
            let startLater = later.count
            compare(before, after, at: Self.join(path, name))
            let note: TaskDifference.Note? =
                b.meta.contains(name) || a.meta.contains(name)
                ? .outsideIdentity
                : before == nil && b.defaults.contains(name)
                    ? .newParameter
                    : a.defaults.contains(name) && b.defaults.contains(name) ? .defaultChanged : nil
            for index in start..<found.count where found[index].note == nil { found[index].note = note }
            if later.count > startLater, note != .outsideIdentity { fieldsLater += 1 }
            for index in startLater..<later.count where later[index].note == nil { later[index].note = note }
        }
    }

    private mutating func compareInitTasks(
        _ a: RecordedTask.Object, _ b: RecordedTask.Object, at path: String
    ) {
        let count = max(a.initTasks.count, b.initTasks.count)
        for index in 0..<count {
            let way = Self.join(path, "init_tasks[\(index + 1)]")
            if index < a.initTasks.count, index < b.initTasks.count {
                compare(a.initTasks[index], b.initTasks[index], at: way)
            } else {
                let name = { (task: RecordedTask, list: [Int64]) in
                    index < list.count ? task.objects[list[index]]?.type : nil
                }
                found.append(
                    TaskDifference(path: way, old: name(old, a.initTasks), new: name(new, b.initTasks)))
            }
        }
    }

    /// Whether a parameter counts on one side only.
    private func changeOfCounting(
        _ a: RecordedTask.Object, _ b: RecordedTask.Object, _ name: String, _ before: JSON?, _ after: JSON?
    ) -> TaskDifference.Note? {
        guard !throughEqual, let before, let after, before != .null, !before.isPath, !after.isPath else {
            return nil
        }
        if !a.doesNotCount(name), b.meta.contains(name) { return .noLongerCounts }
        if a.meta.contains(name), !b.doesNotCount(name) { return .countsNow }
        guard tellsWhatCounts else { return nil }
        if !a.doesNotCount(name), b.ignored.contains(name) { return .noLongerCounts }
        if a.ignored.contains(name), !b.doesNotCount(name) { return .countsNow }
        return nil
    }

    /// The tasks that made the two objects.
    private mutating func compareMakers(
        _ a: RecordedTask.Object, _ b: RecordedTask.Object, _ left: Int64, _ right: Int64, at path: String
    ) {
        // What was given to the task itself, and is marked as its output since, is not made by it here.
        let before = a.task == left || a.task == old.root ? nil : a.task
        let after = b.task == right || b.task == new.root ? nil : b.task
        switch (before, after) {
        case (let before?, let after?):
            compare(before, after, at: Self.join(path, "(\(new.objects[after]?.type ?? "task"))"))
        case (nil, nil): break
        default:
            let name = { (task: RecordedTask, number: Int64?) in number.flatMap { task.objects[$0]?.type } }
            found.append(
                TaskDifference(
                    path: Self.join(path, "(task)"), old: name(old, before), new: name(new, after)))
        }
    }

    private mutating func compare(_ before: JSON?, _ after: JSON?, at path: String) {
        guard let before, let after else {
            let lone = before ?? after ?? .null
            // What is null and what is not there mean the same; so do paths.
            if lone != .null, !lone.isPath {
                found.append(
                    TaskDifference(
                        path: path, old: before.map { old.told($0) }, new: after.map { new.told($0) }))
            }
            return
        }
        if let left = before.reference, let right = after.reference {
            return compare(left, right, at: path)
        }
        if case .array(let a) = before, case .array(let b) = after, a.count == b.count {
            for (index, pair) in zip(a, b).enumerated() {
                compare(pair.0, pair.1, at: "\(path)[\(index + 1)]")
            }
            return
        }
        if let left = before.elements, let right = after.elements, left.count != right.count {
            let change = change(from: left, to: right)
            found.append(
                TaskDifference(path: path, old: old.told(before), new: new.told(after), change: change))
            return
        }
        if case .object(let a) = before, case .object(let b) = after, before["type"] == nil,
            after["type"] == nil
        {
            for name in TextSet(a.map(\.name) + b.map(\.name)).ordered {
                compare(before[name], after[name], at: Self.join(path, name))
            }
            return
        }
        if before.isPath, after.isPath { return }
        // Compared with every text in quotes: 1 and "1" are two values.
        if old.told(before, isQuoted: true) == new.told(after, isQuoted: true) { return }
        var (a, b) = (old.told(before), new.told(after))
        if a == b { (a, b) = (old.told(before, isQuoted: true), new.told(after, isQuoted: true)) }
        found.append(TaskDifference(path: path, old: a, new: b))
    }

    /// What came to a list, and what went from it.
    private func change(from left: [JSON], to right: [JSON]) -> TaskDifference.ListChange {
        var counts: TextMap<Int> = [:]
        for value in left { counts[old.told(value, isQuoted: true), default: 0] += 1 }
        var added: [String] = []
        for value in right {
            let text = new.told(value, isQuoted: true)
            if let count = counts[text], count > 0 { counts[text] = count - 1 } else { added.append(text) }
        }
        var removed: [String] = []
        for value in left {
            let text = old.told(value, isQuoted: true)
            guard let count = counts[text], count > 0 else { continue }
            counts[text] = count - 1
            removed.append(text)
        }
        return .init(added: added, removed: removed, count: right.count)
    }

    private static func join(_ path: String, _ step: String) -> String {
        path.isEmpty ? step : "\(path).\(step)"
    }
}

extension RecordedTask {
    fileprivate func told(reference number: Int64) -> String {
        objects[number].map { "\($0.type) \($0.identifier.prefix(8))" } ?? "?"
    }

    /// A value as people read it; an object by its type and the beginning of its identifier.
    fileprivate func told(_ value: JSON, isQuoted: Bool = false) -> String {
        if let number = value.reference, objects[number] != nil { return told(reference: number) }
        switch value {
        case .float(let number): return NumberText.lua(number)
        case .int(let number): return String(number)
        case .string(let text):
            return isQuoted || text.isEmpty || text.contains(" ") ? value.text : text
        case .array(let values):
            return "[" + values.map { told($0, isQuoted: true) }.joined(separator: ", ") + "]"
        case .object(let members):
            switch value["type"]?.string {
            case "enum": return value["value"]?.string ?? ""
            case "set":
                let values = (value["items"] ?? value["values"])?.array ?? []
                return "{" + values.map { told($0, isQuoted: true) }.sorted().joined(separator: ", ") + "}"
            case "path": return value["sha256"]?.string.map { "sha256 \($0.prefix(8))" } ?? "a path"
            case "path.serialized": return "a path"
            default:
                return "{"
                    + members.map { "\($0.name): \(told($0.value, isQuoted: true))" }.joined(separator: ", ")
                    + "}"
            }
        default: return value.text
        }
    }
}

extension RecordedTask {
    /// The parameters of a job by their names; none where they cannot be read.
    package static func parameters(of job: JobFolder) -> TextMap<JSON> {
        TextMap(
            texts: ((try? read(job.path))?.flattened(throughTasks: true) ?? []).map { ($0.name, $0.json) })
    }

    /// Its parameters with their values, those of configs in it by their way, after their types; paths are left
    /// out.
    ///
    /// - Returns: for each its value as people read it, and for programs: numbers as numbers.
    package var flattened: [(name: String, value: String, json: JSON)] { flattened(throughTasks: false) }

    /// - Parameter throughTasks: whether the parameters of earlier tasks follow too, `base.lr`.
    private func flattened(throughTasks: Bool) -> [(name: String, value: String, json: JSON)] {
        var found: [(name: String, value: String, json: JSON)] = []
        func add(_ task: RecordedTask, _ number: Int64, _ prefix: String, _ depth: Int) {
            for field in task.objects[number]?.fields ?? [] where !field.value.isPath {
                let name = prefix + field.name
                let inner = depth < 8 ? field.value.reference : nil
                let isTask = inner.map { task.objects[$0]?.task != nil } ?? false
                if let inner, !isTask {
                    let type = task.objects[inner]?.type ?? ""
                    found.append((name, type, .string(type)))
                    add(task, inner, "\(name).", depth + 1)
                    continue
                }
                let text = task.told(field.value)
                found.append((name, text, field.value.isPlain ? field.value : .string(text)))
                if throughTasks, let inner, let whole = task.whole(inner) {
                    add(whole.task, whole.number, "\(name).", depth + 1)
                }
            }
        }
        add(self, root, "", 0)
        return found
    }
}

extension JSON {
    /// The object that a value refers to.
    fileprivate var reference: Int64? {
        if self["type"] == "python" { self["value"]?.int } else { nil }
    }

    /// Those of a list, or of a set.
    fileprivate var elements: [JSON]? {
        if let array { return array }
        return self["type"] == "set" ? (self["items"] ?? self["values"])?.array : nil
    }

    /// Whether it stands for itself: a scalar, or a list of some.
    fileprivate var isPlain: Bool {
        switch self {
        case .null, .bool, .int, .float, .string: true
        case .array(let values): values.allSatisfy(\.isPlain)
        default: false
        }
    }

    /// Whether it is a path, which is no part of the identity.
    var isPath: Bool {
        switch self["type"]?.string {
        case "path": self["sha256"] == nil
        case "path.serialized": true
        default: false
        }
    }
}
