import HummingbirdCore
import NIOCore
import System
import Text

/// A file that is sent a piece at a time, however large it is.
final class OpenFile: Sendable {
    private let descriptor: Descriptor
    private let name: String
    private let count: Int
    /// What tells of which kind it is.
    private let beginning: [UInt8]

    private static let piece = 1 << 18

    init(_ descriptor: consuming Descriptor, _ name: String) throws(SystemError) {
        count = descriptor.byteCount()
        beginning = try descriptor.read(at: 0, count: min(count, Self.piece), path: name)
        self.descriptor = descriptor
        self.name = name
    }

    /// - Parameter shown: the name by which it is kept.
    func answer(_ shown: String) -> Answer {
        let body = ResponseBody(contentLength: count) { [self] writer in
            var place = 0
            while place < count {
                let bytes = try await piece(at: place)
                // It has become shorter: what was promised cannot be kept, and the connection ends.
                guard !bytes.isEmpty else { throw SystemError("read", name, code: SystemError.missing) }
                try await writer.write(ByteBuffer(bytes: bytes))
                place += bytes.count
            }
            try await writer.finish(nil)
        }
        return .file(shown, beginning, body)
    }

    private func piece(at place: Int) async throws -> [UInt8] {
        if place == 0 { return beginning }
        let wanted = min(Self.piece, count - place)
        return try await Patience.read { () throws(SystemError) in
            try self.descriptor.read(at: place, count: wanted, path: self.name)
        }
    }
}
