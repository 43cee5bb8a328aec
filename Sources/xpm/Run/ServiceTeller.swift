import Engine
import Store
import System
import Text

/// Tells where the services of a run can be reached, each address once.
final class ServiceTeller: ServiceListener {
    private let console: any Console
    private let told = Monitor<TextSet>([])

    init(_ console: any Console) { self.console = console }

    func stateChanged(of service: any Service, from _: ServiceState, to new: ServiceState) {
        guard case .running = new, let url = service.url else { return }
        let isNew = told.withLock { $0.insert("\(service.id) \(url)").inserted }
        if isNew { console.observe(.service(id: service.id, url: url)) }
    }
}
