import Glibc
package import Store
package import System
import Text

/// Starts and stops services from outside: of a run that goes on by asking it, of one that is over by itself.
package struct ServiceControl {
    private let folder: ServiceFolder
    /// Whether the run goes on.
    private let isLive: Bool
    private let program: String

    /// - Parameter program: the absolute path of `xpm-job`.
    package init(_ folder: ServiceFolder, isLive: Bool, program: String) {
        self.folder = folder
        self.isLive = isLive
        self.program = program
    }

    /// Why something cannot be done.
    package enum Problem: Error {
        case system(SystemError)
        /// It is written in Lua, and the script is gone.
        case needsScript
        case refused(SignalRefusal)
        case failed(String)
        case noAnswer

        package var text: String {
            switch self {
            case .system(let error): error.text
            case .needsScript: "it is written in Lua: only a run of its script can start it"
            case .refused(let refusal): refusal.text
            case .failed(let reason): reason
            case .noAnswer: "the run that has it does not answer"
            }
        }
    }

    package var record: ServiceRecord? { ServiceRecord.read(folder) }

    /// Starts it, and waits until it is ready. It stays until it is stopped.
    package func start() throws(Problem) {
        guard let record else { return }
        if record.actualState.isUp { return }
        if isLive {
            try ask(.start) { $0 == .running }
            if let problem = problemAtOnce(record.definition) { throw problem }
            return
        }
        // Of two that start it at once one does.
        let lock: FileLock?
        do throws(SystemError) { lock = try FileLock.take("\(folder.path)/lock") } catch {
            throw .system(error)
        }
        guard let lock else { throw .failed("somebody else is starting it") }
        let problem = startAlone(record)
        lock.release()
        if let problem { throw problem }
    }

    private func startAlone(_ record: ServiceRecord) -> Problem? {
        guard var definition = record.definition else {
            // Its variables may be for another user only.
            do throws(SystemError) { _ = try Files.read(folder.definition) } catch {
                if !error.isMissing { return .system(error) }
            }
            return .needsScript
        }
        definition.outlivesRun = true
        // A function of the script cannot be asked any more.
        if definition.ready == .asked { definition.ready = .started }
        definition.parts = []
        let service = ProcessService(definition, folder: folder, program: program)
        service.start()
        let state = service.status.wait(milliseconds: Int(definition.timeout * 1000) + 10_000) {
            $0 != .starting
        }
        defer { RunStatus.settleServices(ofRun: folder.run) }
        if let reason = state?.error { return .failed(reason) }
        return problemAtOnce(definition)
    }

    /// So long is looked whether a program that says nothing of being ready ends again, in seconds.
    private static let trial = 0.3

    /// Why a service that counts as ready as soon as it runs has ended again, if it has.
    private func problemAtOnce(_ definition: ServiceDefinition?) -> Problem? {
        guard definition?.ready == .started else { return nil }
        let end = Monotonic.seconds + Self.trial
        while Monotonic.seconds < end {
            Clock.sleep(milliseconds: 20)
            if let reason = record?.actualState.error { return .failed(reason) }
        }
        return nil
    }

    /// Stops it, and waits for its end.
    package func stop() throws(Problem) {
        guard var record else { return }
        guard record.actualState != .stopped else { return }
        // One that has failed may be about to be started again.
        if isLive { return try ask(.stop) { !$0.isUp && $0 != .stopping } }
        guard record.state.error == nil, let host = record.host else { return }
        // One that is written in Lua lives in xpm itself.
        guard record.definition != nil || Files.exists(folder.definition) else { throw .needsScript }
        do throws(SignalRefusal) {
            try host.terminate(.service(log: folder.log), record: folder.record)
        } catch { throw .refused(error) }
        let end = Monotonic.seconds + ServiceHost.grace + 5
        while host.isAlive {
            let late = Monotonic.seconds - end
            if late > 5 { throw .failed("process \(host.pid) does not end") }
            if late > 0 { host.signalProcess(SIGKILL) }
            Clock.sleep(milliseconds: 20)
        }
        record.state = .stopped
        record.host = nil
        do throws(SystemError) { try record.write(to: folder) } catch { throw .system(error) }
        RunStatus.settleServices(ofRun: folder.run)
    }

    /// Asks the run that has it, and waits until it stands as it should.
    private func ask(_ wish: RunControl.ServiceWish, until isFine: (ServiceState) -> Bool) throws(Problem) {
        do throws(SystemError) { try RunControl.ask(wish, ofService: folder.id, run: folder.run) } catch {
            throw .system(error)
        }
        let end = Monotonic.seconds + (record?.definition?.timeout ?? 30) + 10
        while Monotonic.seconds < end {
            Clock.sleep(milliseconds: 50)
            guard let state = record?.actualState else { continue }
            if isFine(state) { return }
            if wish == .start, let reason = state.error { throw .failed(reason) }
        }
        throw .noAnswer
    }
}
