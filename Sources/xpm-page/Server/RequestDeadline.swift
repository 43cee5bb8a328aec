import NIOCore
import NIOHTTPTypes
import Text

/// Closes connections that bring a request too slowly, or none: each holds a descriptor.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// For a whole request; until the next one begins; and for a reader that takes nothing.
    private static let (whole, next, taking): (TimeAmount, TimeAmount, TimeAmount) = (
        .seconds(10), .seconds(20), .minutes(10)
    )

    private var end: Scheduled<Void>?
    private var stuck: Scheduled<Void>?
    /// Whether a request has begun and is not whole, and how many have no whole answer.
    private var isOpen = true
    private var unanswered = 0

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { expect(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        expect(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            isOpen = true
            expect(context)
        case .end:
            isOpen = false
            expect(context)
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
        // Not before it is on its way: a large answer over a slow connection takes longer.
        sent.futureResult.assumeIsolated().whenComplete { _ in
            self.unanswered -= 1
            if context.channel.isActive { self.expect(context) }
        }
        context.write(data, promise: sent)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stuck?.cancel()
        if !context.channel.isWritable { stuck = close(in: Self.taking, context) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    private func cancel() {
        end?.cancel()
        stuck?.cancel()
    }

    /// Sets the time for what is missing: the rest of a request, or the next one. An answer may take its time.
    private func expect(_ context: ChannelHandlerContext) {
        end?.cancel()
        if isOpen {
            end = close(in: Self.whole, context)
        } else if unanswered <= 0 {
            end = close(in: Self.next, context)
        }
    }

    private func close(in time: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}
