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

    /// The SHA-256 of bytes that come piece by piece.
    ///
    /// - Parameter next: the next piece; an empty one is the end.
    package init<Problem: Error>(
        hashing next: () throws(Problem) -> [UInt8]
    ) throws(Problem) {
        guard let stream = unsafe xhash_begin() else { fatalError("no memory for a hash") }
        do throws(Problem) {
            while case let piece = try next(), !piece.isEmpty {
                unsafe xhash_add(stream, piece, piece.count)
            }
        } catch {
            _ = unsafe xhash_end(stream)
            throw error
        }
        words = unsafe xhash_end(stream).words
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
    package init?(hex: some StringProtocol) { self.init(hexBytes: Array(hex.utf8)[...]) }

    /// - Parameter digits: 64 of them, as ASCII.
    package init?(hexBytes digits: ArraySlice<UInt8>) {
        guard digits.count == 64 else { return nil }
        func word(_ number: Int) -> UInt64? {
            var word: UInt64 = 0
            let start = digits.startIndex + number * 16
            for place in start..<(start + 16) {
                guard let digit = Self.digit(digits[place]) else { return nil }
                word = word << 4 | UInt64(digit)
            }
            return word
        }
        guard let first = word(0), let second = word(1), let third = word(2), let fourth = word(3) else {
            return nil
        }
        words = (first, second, third, fourth)
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }

    func append(to bytes: inout [UInt8]) {
        let bigEndian = (
            words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian
        )
        unsafe withUnsafeBytes(of: bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// 64 hexadecimal digits, lower-case.
    package var hex: String {
        unsafe String(unsafeUninitializedCapacity: 64) { digits in
            unsafe Self.write(words.0, to: digits, at: 0)
            unsafe Self.write(words.1, to: digits, at: 16)
            unsafe Self.write(words.2, to: digits, at: 32)
            unsafe Self.write(words.3, to: digits, at: 48)
            return 64
        }
    }

    /// The first digits, for people.
    package var short: String {
        unsafe String(unsafeUninitializedCapacity: 16) { digits in
            unsafe Self.write(words.0, to: digits, at: 0)
            return 8
        }
    }

    /// The 16 digits of a word.
    private static func write(_ word: UInt64, to digits: UnsafeMutableBufferPointer<UInt8>, at place: Int) {
        let target = UnsafeMutableRawBufferPointer(digits)
        unsafe target.storeBytes(
            of: Self.digits(of: word >> 32).bigEndian, toByteOffset: place, as: UInt64.self)
        unsafe target.storeBytes(
            of: Self.digits(of: word & 0xffff_ffff).bigEndian, toByteOffset: place + 8, as: UInt64.self)
    }

    /// The 8 digits of 32 bits, all at once: each half of a byte in a byte of its own, the first one highest.
    private static func digits(of half: UInt64) -> UInt64 {
        var bytes = (half << 16 | half) & 0x0000_ffff_0000_ffff
        bytes = (bytes << 8 | bytes) & 0x00ff_00ff_00ff_00ff
        bytes = (bytes << 4 | bytes) & 0x0f0f_0f0f_0f0f_0f0f
        let areLetters = (bytes &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return bytes &+ 0x3030_3030_3030_3030 &+ areLetters
            &* UInt64(UInt8(ascii: "a") - 10 - UInt8(ascii: "0"))
    }

    package static func == (left: Identifier, right: Identifier) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Identifier: CustomStringConvertible {
    package var description: String { hex }
}
