import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import System
import Text

/// The server: limits, and who may ask, before anything is looked at.
struct PageServer: Sendable {
    let access: Access
    let site: Site

    /// The longest address, and the longest body of a form, in bytes.
    private static let (longestAddress, longestBody) = (8 << 10, 1 << 20)
    private static var mostConnections: Int { max(8, min(256, Environment.mostDescriptors / 2)) }

    /// Listens until the process ends.
    ///
    /// - Parameter started: told when connections are taken.
    /// - Returns: why it cannot.
    func run(on host: String, port: Int, started: @escaping @Sendable () -> Void) async -> String {
        let quiet = Logger(label: "xpm-page") { _ in SwiftLogNoOpLogHandler() }
        let channel = HTTP1Channel(
            responder: { request, writer, _ in
                let answer = await answer(request)
                var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
                if request.method == .head {
                    // Without a length an empty body would be sent in pieces.
                    if head.headerFields[.contentLength] == nil { head.headerFields[.contentLength] = "0" }
                    return try await writer.writeResponse(head)
                }
                try await writer.write(response: head, body: answer.body)
            },
            configuration: .init(
                additionalChannelHandlers: [RequestDeadline()],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
        let server = Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(Self.mostConnections, logger: quiet)),
            onServerRunning: { _ in started() }, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: quiet)
        do { try await server.run() } catch { return "\(error)" }
        return "it ended"
    }

    // MARK: Who may ask, and what

    private func answer(_ request: Request) async -> Answer {
        do throws(Refusal) {
            return try await checked(request)
        } catch {
            let isKnown =
                access.host.accepts(request.head.authority ?? "")
                && access.knows(request.headers[values: .cookie])
            return site.refusal(error, isKnown: isKnown)
        }
    }

    private func checked(_ request: Request) async throws(Refusal) -> Answer {
        let target = request.head.path ?? ""
        guard target.utf8.count <= Self.longestAddress else {
            throw Refusal(.uriTooLong, "The address is longer than \(Self.longestAddress) bytes.")
        }
        guard access.host.accepts(request.head.authority ?? "") else {
            throw Refusal(
                .misdirectedRequest,
                "This is \(access.host.origin): it does not answer to another name.")
        }
        // A page of another origin that makes this user's browser ask.
        if let origin = request.headers[.origin], !isOwn(origin) {
            throw Refusal(.forbidden, "The request comes from another page.")
        }
        let isChange = request.method == .post
        guard isChange || request.method == .get || request.method == .head else {
            throw Refusal(.methodNotAllowed, "There are GET, HEAD and POST.")
        }
        // Who does not know where the page is learns nothing of it.
        guard Route.isOwn(target) else { throw Refusal.unknown }
        guard let route = Route(target) else { throw Refusal(.notFound, "There is nothing of that name.") }
        if case .start(let token, let experiment) = route, request.method == .get {
            let target =
                experiment.map { Route.experiment(.init(experiment: $0, run: nil), .jobs) } ?? .runs()
            return try start(token, request, target)
        }
        guard access.knows(request.headers[values: .cookie]) else { throw Refusal.unknown }
        guard isChange else { return try await site.answer(route, since: request.headers[.lastEventID]) }
        guard case .action = route else {
            throw Refusal(.methodNotAllowed, "Nothing is changed at that address.")
        }
        return try await site.perform(form(request))
    }

    private func isOwn(_ origin: String) -> Bool {
        guard let authority = origin.after("http://") else { return false }
        return access.host.accepts(String(authority))
    }

    private func start(_ token: String, _ request: Request, _ target: Route) throws(Refusal) -> Answer {
        if let cookie = access.exchange(token) {
            var answer = Answer.redirect(target)
            answer.headers[.setCookie] = cookie
            return answer
        }
        // The address is worth nothing a second time; who has the cookie goes on.
        guard access.knows(request.headers[values: .cookie]) else { throw Refusal.unknown }
        return .redirect(target)
    }

    /// The fields of a form that the page has made.
    private func form(_ request: Request) async throws(Refusal) -> Query {
        // Browsers say it of every POST.
        guard let origin = request.headers[.origin], isOwn(origin) else {
            throw Refusal(.forbidden, "A change needs the header Origin of this page.")
        }
        let buffer: ByteBuffer
        do { buffer = try await request.body.collect(upTo: Self.longestBody) } catch {
            throw Refusal(.contentTooLarge, "The form is larger than \(Self.longestBody) bytes.")
        }
        let text = String(decoding: buffer.readableBytesView, as: UTF8.self)
        guard let fields = Query(encoded: text) else {
            throw Refusal(.badRequest, "The form cannot be read.")
        }
        guard access.isOwn(fields["token"]) else {
            throw Refusal(.forbidden, "The form is of an earlier page: load it again.")
        }
        return fields
    }
}

/// Why there is no answer.
struct Refusal: Error {
    let status: HTTPResponse.Status
    let text: String

    init(_ status: HTTPResponse.Status, _ text: String) {
        self.status = status
        self.text = text
    }

    /// Somebody without the cookie.
    static let unknown = Refusal(
        .unauthorized,
        "This browser is not known here. Run xpm monitor --web again: it prints an address that lets it in.")
}
