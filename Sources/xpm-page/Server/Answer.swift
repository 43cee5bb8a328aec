import HTTPTypes
import HummingbirdCore
import NIOCore
import Text

/// What the server says to a request.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers = HTTPFields()
    let body: ResponseBody

    /// What a browser may do with anything that comes from here. Policies: https://www.w3.org/TR/CSP3.
    private static let guards: [(HTTPField.Name, String)] = [
        (.contentSecurityPolicy, policy),
        (.xContentTypeOptions, "nosniff"),
        (.cacheControl, "no-store"),
        (.referrerPolicy, "no-referrer"),
        (.of("X-Frame-Options"), "DENY"),
        (.of("Cross-Origin-Opener-Policy"), "same-origin"),
        (.of("Cross-Origin-Resource-Policy"), "same-origin"),
    ]

    private static let policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    init(_ status: HTTPResponse.Status = .ok, type: String, _ body: ResponseBody) {
        self.status = status
        self.body = body
        for (name, value) in Self.guards { headers[name] = value }
        headers[.contentType] = type
        if let count = body.contentLength { headers[.contentLength] = String(count) }
    }

    init(_ status: HTTPResponse.Status = .ok, type: String, bytes: [UInt8]) {
        self.init(status, type: type, ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A page, or a part of one.
    static func html(_ html: HTML, _ status: HTTPResponse.Status = .ok) -> Answer {
        Answer(status, type: "text/html; charset=utf-8", bytes: Array(html.text.utf8))
    }

    /// Bytes of a file: a text to look at where the browser shows it as one, else to keep.
    ///
    /// - Parameter body: all of it, where `bytes` is only how it begins.
    static func file(_ name: String, _ bytes: [UInt8], _ body: ResponseBody? = nil) -> Answer {
        let type = FileType(name, bytes)
        var answer = Answer(
            type: type.mediaType, body ?? ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        // Nothing in it runs, nor loads anything.
        answer.headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
        if !type.isShown {
            answer.headers[.contentDisposition] =
                "attachment; filename*=UTF-8''\(Query.encoded(name))"
        }
        return answer
    }

    /// Elsewhere, by GET.
    static func redirect(_ route: Route) -> Answer {
        var answer = Answer(.seeOther, type: "text/plain; charset=utf-8", bytes: [])
        answer.headers[.location] = route.path
        return answer
    }
}

/// What a file is to a browser: by its name where its bytes agree.
struct FileType {
    let mediaType: String
    /// Whether it is looked at in the browser; else it is kept.
    let isShown: Bool

    init(_ name: String, _ bytes: [UInt8]) {
        let name = name.lowercased()
        let pictures: [(ending: String, type: String, start: [UInt8])] = [
            (".png", "image/png", [0x89, 0x50, 0x4e, 0x47]), (".jpg", "image/jpeg", [0xff, 0xd8]),
            (".jpeg", "image/jpeg", [0xff, 0xd8]), (".gif", "image/gif", Array("GIF8".utf8)),
            (".webp", "image/webp", Array("RIFF".utf8)),
        ]
        if let picture = pictures.first(where: { name.hasSuffix($0.ending) && bytes.starts(with: $0.start) })
        {
            (mediaType, isShown) = (picture.type, true)
        } else if name.hasSuffix(".svg") {
            (mediaType, isShown) = ("image/svg+xml", true)
        } else if !bytes.prefix(1 << 16).contains(0) {
            (mediaType, isShown) = ("text/plain; charset=utf-8", true)
        } else {
            (mediaType, isShown) = ("application/octet-stream", false)
        }
    }
}

extension HTTPField.Name {
    static let lastEventID = of("Last-Event-ID")
    static let referrerPolicy = of("Referrer-Policy")

    /// A name that the library does not list.
    static func of(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no header's name") }
        return name
    }
}
