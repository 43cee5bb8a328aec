/// A text as the key of a dictionary or a member of a set: equal and hashed by its bytes, where `String` is
/// by canonical equivalence.
@usableFromInline
package struct TextKey: Hashable, Sendable {
    @usableFromInline package let text: String

    @inlinable
    package init(_ text: String) { self.text = text }
    package init(_ text: Substring) { self.text = String(text) }

    @inlinable
    package static func == (left: TextKey, right: TextKey) -> Bool { left.text == right.text }

    @inlinable
    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension TextKey: ExpressibleByStringLiteral, CustomStringConvertible {
    @inlinable
    package init(stringLiteral value: String) { text = value }
    @inlinable
    package var description: String { text }
}

/// Texts, each once.
@usableFromInline
package typealias TextSet = Set<TextKey>

/// Values by texts.
@usableFromInline
package typealias TextMap<Value> = [TextKey: Value]

extension Set where Element == TextKey {
    @inlinable
    package init(_ texts: some Sequence<String>) { self.init(texts.lazy.map { TextKey($0) }) }
    package init(_ texts: some Sequence<Substring>) { self.init(texts.lazy.map { TextKey($0) }) }

    @inlinable
    package func contains(_ text: some StringProtocol) -> Bool { contains(TextKey(String(text))) }

    @inlinable
    @discardableResult
    package mutating func insert(_ text: some StringProtocol) -> (inserted: Bool, memberAfterInsert: TextKey)
    {
        insert(TextKey(String(text)))
    }

    @inlinable
    @discardableResult
    package mutating func remove(_ text: String) -> TextKey? { remove(TextKey(text)) }

    /// The texts in the order of their bytes.
    @inlinable
    package var ordered: [String] { map(\.text).sorted() }
}

extension Dictionary where Key == TextKey {
    /// Of pairs with equal keys the last one counts.
    @inlinable
    package init(texts pairs: some Sequence<(String, Value)>) {
        self.init(pairs.lazy.map { (TextKey($0), $1) }) { $1 }
    }

    @inlinable
    package subscript(text: some StringProtocol) -> Value? {
        get { self[TextKey(String(text))] }
        set { self[TextKey(String(text))] = newValue }
    }

    @inlinable
    package subscript(text: some StringProtocol, default value: @autoclosure () -> Value) -> Value {
        get { self[TextKey(String(text)), default: value()] }
        _modify { yield &self[TextKey(String(text)), default: value()] }
    }

    @inlinable
    @discardableResult
    package mutating func removeValue(forKey text: String) -> Value? { removeValue(forKey: TextKey(text)) }

    /// The keys in the order of their bytes.
    @inlinable
    package var orderedKeys: [String] { keys.map(\.text).sorted() }
}
