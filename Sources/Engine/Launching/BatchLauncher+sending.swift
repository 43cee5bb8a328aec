import Batch
import Glibc
import Store
import System
import Text

extension BatchLauncher {
    /// Commands that fail without a clear word are tried again so often, each time after twice as long.
    private static let mostFailures = 6

    /// Hands in jobs with equal needs as one array; or gives them to pilots.
    func send(_ group: [BatchWaiting.Entry]) {
        guard let first = group.first?.request else { return }
        let ask = first.job.demand?.batch?.ask ?? BatchAsk()
        let key = BatchWaiting.Need(first)
        if key.isPacked, add(group, to: key) { return }
        let mostPilots = min(definition.mostPilots, state.withLock { $0.mostPilots })
        var record = BatchRecord(
            nonce: BatchRecord.newNonce(), system: system.name, cluster: site.cluster, ends: ends,
            limit: ask.limit,
            setup: definition.setup,
            pilots: key.isPacked
                ? min((group.count + key.lanes - 1) / key.lanes, mostPilots) : nil,
            lanes: max(1, key.lanes))
        do throws(SystemError) {
            try record.write(in: workspace)
        } catch {
            for one in group { fail(one.request.job, error.text) }
            return
        }
        let (reserved, lines) = reserve(group, record)
        guard !reserved.isEmpty else { return record.remove(in: workspace) }
        do throws(SystemError) { try Files.write(lines, to: record.jobs(in: workspace)) } catch {
            for (index, one) in reserved.enumerated() {
                giveUp(one.request.job, BatchHolder(nonce: record.nonce, index: index))
                fail(one.request.job, error.text)
            }
            return record.remove(in: workspace)
        }
        // What is taken back from here on is not there when it begins.
        let since = Monotonic.seconds
        state.change { state in
            for (index, one) in reserved.enumerated() {
                Self.add(
                    Live(
                        job: one.request.job, memory: one.request.memory,
                        place: BatchHolder(nonce: record.nonce, index: index), since: since,
                        isPacked: key.isPacked), &state)
            }
        }
        do throws(BatchError) {
            let number = try system.submit(array(reserved, record, ask))
            record.array = number
            try? record.write(in: workspace)
            let pilots = Pilots(record: record, count: reserved.count)
            state.change { state in
                if key.isPacked, state.mostPilots < .max {
                    state.mostPilots = state.mostPilots.timesOrMost(2)
                }
                if !key.isPacked { state.siteRoom.taken(live: state.alone, at: Monotonic.seconds) }
                if key.isPacked { state.pilots[key] = pilots }
                for index in reserved.indices {
                    let place = Place(BatchHolder(nonce: record.nonce, index: index))
                    if state.live[place] == nil, !key.isPacked {
                        // Taken back meanwhile.
                        state.ending.append(BatchJob(array: number, index: index))
                        state.isNews = true
                    }
                    state.live[place]?.array = number
                }
                (state.interval, state.nextPoll) = (
                    Self.shortestInterval, Monotonic.seconds + Self.shortestInterval
                )
            }
            for (index, one) in reserved.enumerated() {
                let name = BatchJob(array: number, index: index).text
                let reason =
                    key.isPacked
                    ? "waits for a pilot" : "in the queue of \(system.title) as \(name)"
                report(.queued(one.request.job.number, reason: reason))
            }
        } catch { takeBack(reserved, record, error) }
    }

    /// Gives jobs to pilots that are there.
    ///
    /// - Returns: false where there are none.
    private func add(_ group: [BatchWaiting.Entry], to key: BatchWaiting.Need) -> Bool {
        guard let pilots = state.withLock({ $0.pilots[key] }),
            BatchRecord.read(pilots.record.nonce, in: workspace) != nil
        else { return false }
        let (reserved, lines) = reserve(group, pilots.record, from: pilots.count)
        let since = Monotonic.seconds
        state.change { state in
            state.pilots[key]?.count += reserved.count
            for (index, one) in reserved.enumerated() {
                Self.add(
                    Live(
                        job: one.request.job, memory: one.request.memory,
                        place: BatchHolder(nonce: pilots.record.nonce, index: pilots.count + index),
                        array: pilots.record.array, since: since, isPacked: true), &state)
            }
            // They may have left a moment ago.
            state.nextPoll = min(state.nextPoll, since + Self.shortestInterval)
        }
        do throws(SystemError) {
            let list = pilots.record.jobs(in: workspace)
            try Descriptor(writing: list, O_APPEND).write(lines, path: list)
        } catch {
            for (index, one) in reserved.enumerated() {
                let place = BatchHolder(nonce: pilots.record.nonce, index: pilots.count + index)
                giveUp(one.request.job, place)
                state.change { _ = Self.forget(Place(place), &$0) }
                fail(one.request.job, error.text)
            }
            return true
        }
        for one in reserved { report(.queued(one.request.job.number, reason: "waits for a pilot")) }
        return true
    }

    private func array(
        _ group: [BatchWaiting.Entry], _ record: BatchRecord, _ ask: BatchAsk
    ) throws(BatchError) -> BatchArray {
        let words = system.words
        let script = """
            #!/bin/sh
            # xpm: \(group.count) jobs of \(ends), which \(Paths.name(record.jobs(in: workspace))) lists
            exec \(ShellWords.quote(program)) \(record.pilots == nil ? BatchHost.flag : BatchHost.pilotFlag) \(ShellWords.quote(record.path(in: workspace))) \(words.index) \(words.name)

            """
        do throws(SystemError) {
            try Files.write(Array(script.utf8), to: record.script(in: workspace), mode: 0o777)
        } catch { throw .refused(error.text) }
        let options = system.options(
            for: ask, memory: group.first?.request.memory, times: record.pilots == nil ? 1 : record.lanes)
        return BatchArray(
            name: "xpm-\(ends)", nonce: record.nonce, script: record.script(in: workspace),
            indices: 0..<(record.pilots ?? group.count), options: options, folder: workspace,
            log: record.log(in: workspace), exportsEnvironment: definition.exportsEnvironment)
    }

    /// Claims jobs for their places in an array, and writes what runs there.
    ///
    /// - Parameter first: the first place.
    /// - Returns: those that are claimed, in the order of their places, and the lines that tell of them.
    private func reserve(
        _ group: [BatchWaiting.Entry], _ record: BatchRecord, from first: Int = 0
    ) -> (jobs: [BatchWaiting.Entry], lines: [UInt8]) {
        var reserved: [BatchWaiting.Entry] = []
        var lines: [UInt8] = []
        for one in group {
            let job = one.request.job
            let place = BatchHolder(nonce: record.nonce, index: first + reserved.count)
            do throws(SystemError) {
                guard let order = try reserve(one.request, place) else { continue }
                lines += order.json.bytes
                lines.append(UInt8(ascii: "\n"))
                reserved.append(one)
            } catch { fail(job, error.text) }
        }
        return (reserved, lines)
    }

    /// - Returns: nil where somebody else has the job, or it is done.
    private func reserve(_ request: LaunchRequest, _ place: BatchHolder) throws(SystemError) -> JobOrder? {
        let job = request.job
        try job.folder.checkPlace()
        if let files = job.files, !Files.exists(job.folder.path) {
            try files.write(to: job.folder, job.language)
        }
        guard try FileLock.reserve(job.folder.lock, for: place, program: job.folder.process) else {
            adopt(request)
            return nil
        }
        do throws(SystemError) {
            if job.folder.isDone {
                giveUp(job, place)
                report(.ended(job.number, Outcome.read(job.folder.done), elsewhere: true))
                return nil
            }
            var order = JobOrder(job, memory: request.memory)
            order.isDurable = isDurable
            if Files.exists(job.folder.failed) {
                order.attempt = job.retry.attempt(after: Outcome.read(job.folder.failed))
                try Files.remove(job.folder.failed)
            }
            try Files.remove(job.folder.stopMark)
            try job.files?.write(to: job.folder, job.language)
            return order
        } catch {
            giveUp(job, place)
            throw error
        }
    }

    private func giveUp(_ job: JobSpec, _ place: BatchHolder) {
        _ = try? FileLock.giveUp(job.folder.lock, for: place)
    }

    private func fail(_ job: JobSpec, _ problem: String) {
        let outcome = Outcome(.launch, message: problem)
        try? record(outcome, of: job)
        report(.ended(job.number, outcome, elsewhere: false))
    }

    // MARK: What was not handed in

    /// An array was not handed in, as far as the command says. What it has taken all the same finds no claim.
    private func takeBack(_ group: [BatchWaiting.Entry], _ record: BatchRecord, _ error: BatchError) {
        var back: [BatchWaiting.Entry] = []
        for (index, one) in group.enumerated() {
            let place = BatchHolder(nonce: record.nonce, index: index)
            // One that has begun in spite of the command's word is left to it.
            let isFree = (try? FileLock.giveUp(one.request.job.folder.lock, for: place)) ?? false
            let isWanted = state.change { state in
                let isThere = state.live[Place(place)] != nil
                if isFree { Self.forget(Place(place), &state) }
                return isThere
            }
            if isFree, isWanted { back.append(one) }
        }
        if error.isUncertain {
            state.withLock { _ = $0.uncertain.insert(record.nonce) }
        } else if back.count == group.count {
            record.remove(in: workspace)
        }
        let now = Monotonic.seconds
        var notBefore = 0.0
        switch error {
        case .missing, .refused:
            for one in back { fail(one.request.job, error.text) }
            return
        case .full:
            let wasKnown = state.change { state in
                let wasKnown = state.siteRoom.isKnown || state.mostPilots < .max
                if let pilots = record.pilots {
                    // Half as many may do at once.
                    state.mostPilots = max(1, pilots / 2)
                    state.pausedUntil = pilots > 1 ? now : now + 30
                } else {
                    state.siteRoom.refused(group.count, live: state.alone, at: now)
                }
                return wasKnown
            }
            if !wasKnown { warn("\(error.text): the rest waits until it takes more") }
        case .unreachable:
            for index in back.indices { back[index].failures += 1 }
            notBefore = now + Double(1 << min(back.first?.failures ?? 1, 10)) / 2
            warn("\(error.text): tried again")
        }
        let lost = back.filter { $0.failures >= Self.mostFailures }
        for one in lost { fail(one.request.job, error.text) }
        let rest = back.filter { $0.failures < Self.mostFailures }
        state.change { state in
            state.waiting.putBack(rest, notBefore: notBefore)
            state.isNews = true
        }
        for one in rest { report(.queued(one.request.job.number, reason: error.text)) }
    }

    // MARK: What others have

    /// A job that somebody has: an array of an earlier run of the same experiment, or another run.
    private func adopt(_ request: LaunchRequest) {
        let job = request.job
        if let holder = LockClaim.batch(of: job.folder.lock),
            let record = BatchRecord.read(holder.nonce, in: workspace), record.ends == ends,
            record.system == system.name
        {
            var live = Live(
                job: job, memory: request.memory, place: holder, array: record.array,
                since: Monotonic.seconds, isPacked: record.pilots != nil)
            live.hasStarted = holder.hasBegun
            state.change { Self.add(live, &$0) }
            report(
                holder.hasBegun
                    ? .started(job.number)
                    : .queued(job.number, reason: "in the queue of \(system.title), by an earlier run"))
            // It may have ended while nobody here knew of it.
            if !FileLock.isHeld(job.folder.lock) { settle(live) }
            return
        }
        let foreign = Foreign(job: job, formerFailure: Files.inode(job.folder.failed))
        state.change { $0.foreign[job.number] = foreign }
        report(.adopted(job.number, isOurs: false))
    }
}

extension BatchError {
    /// Whether the system may have taken what it was given.
    fileprivate var isUncertain: Bool { if case .unreachable = self { true } else { false } }
}
