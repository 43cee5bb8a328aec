import Text

/// The canonical bytes of an object, piece by piece, with what each piece means.
package struct IdentityExplanation {
    package let type: String
    package let identifier: Identifier
    package let pieces: [(bytes: [UInt8], meaning: String)]
    /// Parameters that are no part of the identity, and why.
    package let skipped: [(name: String, reason: String)]

    /// An object, then those that its bytes name, each once.
    package static func of(_ object: ConfigObject) -> [IdentityExplanation] {
        var found: [IdentityExplanation] = []
        var visited: Set<ObjectIdentifier> = []
        func explain(_ object: ConfigObject) {
            guard visited.insert(ObjectIdentifier(object)).inserted else { return }
            let explanation = IdentityExplanation(object)
            if !found.contains(where: { $0.identifier == explanation.identifier }) {
                found.append(explanation)
            }
            let shown = object.represented
            shown.forEachObject(explain)
            if let task = object.task, task !== object { explain(task) }
        }
        explain(object)
        return found
    }

    private init(_ object: ConfigObject) {
        var computer = IdentityComputer()
        let encoder = computer.encoder(of: object)
        type = object.type.id
        identifier = Identifier(hashing: encoder.bytes)
        let notes = encoder.notes ?? []
        let ends = notes.dropFirst().map(\.offset) + [encoder.bytes.count]
        // A piece without bytes is the beginning of the next one.
        pieces = zip(notes, ends).filter { $0.offset < $1 }.map { note, end in
            (Array(encoder.bytes[note.offset..<end]), note.text)
        }
        skipped = computer.skipped
    }
}

extension ValueEncoder {
    /// Tells of a value that stands for itself.
    mutating func noteScalar(_ value: Value) {
        if notes == nil { return }
        switch value {
        case .object: break
        case .path(let text), .string(let text): note(JSON.string(text).text)
        case .list(let values): note("a list of \(values.count)")
        case .set(let values): note("a set of \(values.count)")
        case .map(let entries), .openMap(let entries): note("a map of \(entries.count)")
        default: note(value.told)
        }
    }
}
