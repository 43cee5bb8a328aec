import CHash
import Text

/// The SHA-256 of an object's canonical bytes.
package struct Identifier: Hashable, Sendable {
    /// The 32 bytes as four words, big-endian: small, and compared at once.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The identifier of canonical bytes.
    package init(hashing bytes: [UInt8]) {
        words = unsafe xhash_sha256(bytes, bytes.count).words
    }

    package init(bytes: some Sequence<UInt8>) {
        var parts: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.prefix(32).enumerated() {
            parts[index / 8] = parts[index / 8] << 8 | UInt64(byte)
        }
        words = (parts[0], parts[1], parts[2], parts[3])
    }

    /// Bits of it: SHA-256 spreads them as well as any hash of it would.
    package var hash: Int { Int(truncatingIfNeeded: words.0) }

    /// From 64 hexadecimal digits; nil for any other text.
    package init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.digit(digits[index]), let low = Self.digit(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }

    func append(to bytes: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
    }

    /// 64 hexadecimal digits, lower-case.
    package var hex: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(to: &bytes)
        let digits = Array("0123456789abcdef".utf8)
        return unsafe String(unsafeUninitializedCapacity: 64) { buffer in
            for (index, byte) in bytes.enumerated() {
                unsafe buffer[2 * index] = digits[Int(byte >> 4)]
                unsafe buffer[2 * index + 1] = digits[Int(byte & 15)]
            }
            return 64
        }
    }

    /// The first digits, for people.
    package var short: String { String(hex.prefix(8)) }

    package static func == (left: Identifier, right: Identifier) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Identifier: CustomStringConvertible {
    package var description: String { hex }
}
