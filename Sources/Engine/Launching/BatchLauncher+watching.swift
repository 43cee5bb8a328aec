import Batch
import Store
import System
import Text

extension BatchLauncher {
    // MARK: Ends

    /// Looks which jobs have left a word that they have ended: one look for all.
    func lookForEnds() {
        let folder = BatchRecord.ends(ends, in: workspace)
        for name in (try? Files.list(folder)) ?? [] {
            guard let (nonce, index) = name.cut(at: "."), let index = Int(index) else { continue }
            let place = Place(BatchHolder(nonce: String(nonce), index: index))
            let (live, isOwn) = state.withLock { ($0.live[place], $0.nonces.contains(place.nonce)) }
            // It may be of another launcher of this run, or of a job that is about to be taken over.
            guard isOwn || BatchRecord.read(String(nonce), in: workspace) == nil else { continue }
            if let live { settle(live) }
            try? Files.remove("\(folder)/\(name)")
        }
    }

    /// A job has ended, as it says itself.
    func settle(_ live: Live) {
        let folder = live.job.folder
        let outcome: Outcome
        if folder.isDone {
            outcome = Outcome.read(folder.done)
        } else if Files.exists(folder.failed) {
            outcome = Outcome.read(folder.failed)
        } else {
            // The system will say what it knows.
            return askSoon(Place(live.place))
        }
        if BatchVerdict.needsWord(outcome), !state.withLock({ $0.isStopping }) {
            state.change { $0.live[Place(live.place)]?.outcome = outcome }
            return askSoon(Place(live.place))
        }
        close(live, outcome)
    }

    /// What a job that the system has ended left of its claim goes: nobody else can say that it is over.
    private func clear(_ live: Live) {
        do throws(SystemError) {
            _ = try FileLock.giveUp(live.job.folder.lock, for: live.place, hasEnded: true)
        } catch { warn(error.text) }
    }

    private func askSoon(_ place: Place) {
        state.change { state in
            guard let live = state.live[place] else { return }
            state.live[place]?.endedSince = live.endedSince ?? Monotonic.seconds
            state.nextPoll = min(state.nextPoll, Monotonic.seconds + 0.5)
            state.isNews = true
        }
    }

    /// A job is over.
    private func close(_ live: Live, _ outcome: Outcome?) {
        let (isFirst, isLast) = state.change { state in
            (state.live[Place(live.place)] != nil, Self.forget(Place(live.place), &state))
        }
        guard isFirst else { return }
        if outcome == nil { clear(live) }
        if isLast, !live.isPacked { BatchRecord.read(live.place.nonce, in: workspace)?.remove(in: workspace) }
        if let outcome {
            report(.ended(live.job.number, outcome, elsewhere: false))
        } else {
            report(.vanished(live.job.number))
        }
    }

    // MARK: What the system says

    /// So long after its end, in seconds, a job's outcome may still come: file systems of clusters show what
    /// is new late.
    private static let outcomeLag = 5.0
    /// So long, in seconds, the system may take to say why it has ended a job.
    private static let wordLag = 30.0

    /// Asks the queue for all jobs.
    func poll() {
        let entries: [BatchEntry]
        do throws(BatchError) { entries = try system.queue(of: Environment.userName) } catch {
            if state.withLock({ $0.interval == Self.shortestInterval }) {
                warn("\(error.text): asked again; jobs that run go on")
            }
            return planNextPoll(isNews: false)
        }
        var known: [Place: BatchEntry] = [:]
        let arrays = Dictionary(grouping: entries) { TextKey($0.nonce) }
        let uncertain = state.withLock { $0.uncertain }
        for entry in entries where uncertain.contains(entry.nonce) {
            let place = Place(BatchHolder(nonce: entry.nonce, index: entry.job.index))
            guard entry.state == .waiting || entry.state == .running else { continue }
            state.change { state in
                if state.live[place] == nil {
                    (state.ending, state.isNews) = (state.ending + [entry.job], true)
                }
            }
        }
        endPhantoms(entries)
        for entry in entries where !entry.nonce.isEmpty {
            known[Place(BatchHolder(nonce: entry.nonce, index: entry.job.index))] = entry
        }
        var isNews = false
        var missing: [Live] = []
        for live in state.withLock({ Array($0.live.values) }) {
            if live.isPacked {
                isNews = hear(ofPilots: arrays[live.place.nonce] ?? [], live) || isNews
                continue
            }
            guard let entry = known[Place(live.place)] else {
                missing.append(live)
                continue
            }
            isNews = hear(entry, of: live) || isNews
        }
        isNews = look(for: missing) || isNews
        planNextPoll(isNews: isNews)
    }

    /// Seconds after which a job that has ended is no more to run for its system.
    private static let phantomLag = 20.0

    /// Jobs that have ended, and of which the system lost sight, would hold what they had for ever.
    private func endPhantoms(_ entries: [BatchEntry]) {
        let now = Monotonic.seconds
        state.change { state in
            for entry in entries where entry.state == .running {
                let place = Place(BatchHolder(nonce: entry.nonce, index: entry.job.index))
                guard let ended = state.endedAt[place], now - ended > Self.phantomLag else { continue }
                state.endedAt[place] = nil
                (state.ending, state.isNews) = (state.ending + [entry.job], true)
            }
            state.endedAt = state.endedAt.filter { now - $0.value < 600 }
        }
    }

    private func planNextPoll(isNews: Bool) {
        state.withLock { state in
            state.interval = isNews ? Self.shortestInterval : min(Self.longestInterval, state.interval * 1.5)
            let isUrgent = state.live.values.contains { $0.endedSince != nil }
            state.nextPoll =
                state.live.isEmpty ? .infinity : Monotonic.seconds + (isUrgent ? 2 : state.interval)
        }
    }

    /// - Returns: whether it is something new.
    private func hear(_ entry: BatchEntry, of live: Live) -> Bool {
        let place = Place(live.place)
        state.withLock {
            $0.live[place]?.array = entry.job.array
            $0.live[place]?.misses = 0
        }
        switch entry.state {
        case .waiting:
            // It has ended, and the system begins it again by itself.
            if live.outcome != nil || live.hasStarted && !FileLock.isHeld(live.job.folder.lock) {
                state.change { Self.end(live, &$0) }
                close(live, nil)
                return true
            }
            if system.isHopeless(entry.reason) { return giveUp(live, entry.reason) }
            let start = entry.start.map { ", expected to start \($0)" } ?? ""
            let reason =
                entry.reason.isEmpty
                ? "in the queue of \(system.title) as \(entry.job.text)"
                : "\(system.title): \(entry.reason)\(start)"
            guard live.reason != reason else { return false }
            state.withLock { $0.live[place]?.reason = reason }
            report(.queued(live.job.number, reason: reason))
            return live.reason == nil
        case .running:
            if let outcome = live.outcome, let since = live.endedSince,
                Monotonic.seconds - since > Self.wordLag
            {
                close(live, outcome)
                return true
            }
            guard !live.hasStarted else { return false }
            state.withLock { $0.live[place]?.hasStarted = true }
            report(.started(live.job.number))
            return true
        case .ended(let end): return judge(live, end, entry.job)
        }
    }

    // MARK: Pilots

    /// Looks what has become of a job that a pilot has, or is to take.
    ///
    /// - Returns: whether it is something new.
    private func hear(ofPilots own: [BatchEntry], _ live: Live) -> Bool {
        if let number = own.first?.job.array {
            state.withLock { $0.live[Place(live.place)]?.array = number }
        }
        guard let holder = LockClaim.batch(of: live.job.folder.lock), Place(holder) == Place(live.place)
        else {
            // It has ended a moment ago, or has been stopped.
            return isSettled(live)
        }
        if let pilot = holder.pilot {
            guard let entry = own.first(where: { $0.job.index == pilot }) else {
                return live.array == nil ? false : isGone(live)
            }
            switch entry.state {
            case .ended(let end): return judge(live, end, entry.job)
            case .waiting where live.hasStarted:
                close(live, nil)
                return true
            default: break
            }
            guard !live.hasStarted else { return false }
            state.withLock { $0.live[Place(live.place)]?.hasStarted = true }
            report(.started(live.job.number))
            return true
        }
        let isAlive = own.contains { $0.state == .waiting || $0.state == .running }
        if isAlive || live.array == nil || Monotonic.seconds - live.since < Self.outcomeLag {
            let waiting = own.contains { $0.state == .running } ? nil : own.first { !$0.reason.isEmpty }
            let reason = waiting.map { "\(system.title): \($0.reason)" } ?? "waits for a pilot"
            guard live.reason != reason else { return false }
            state.withLock { $0.live[Place(live.place)]?.reason = reason }
            report(.queued(live.job.number, reason: reason))
            return false
        }
        // Its pilots have left: new ones take it.
        state.withLock { state in
            state.pilots = state.pilots.filter { $0.value.record.nonce != live.place.nonce }
        }
        guard (try? FileLock.giveUp(live.job.folder.lock, for: live.place)) == true else { return false }
        state.change { _ = Self.forget(Place(live.place), &$0) }
        report(.withdrawn(live.job.number))
        return true
    }

    /// Takes the outcome that a job has left.
    private func isSettled(_ live: Live) -> Bool {
        guard live.job.folder.isDone || Files.exists(live.job.folder.failed) else { return isGone(live) }
        // Nobody knows more of it.
        if let outcome = live.outcome { close(live, outcome) } else { settle(live) }
        return true
    }

    /// A job that would wait for ever.
    private func giveUp(_ live: Live, _ reason: String) -> Bool {
        guard (try? FileLock.giveUp(live.job.folder.lock, for: live.place)) == true else { return false }
        state.change { Self.end(live, &$0) }
        let outcome = Outcome(
            .launch, message: "\(system.title) would never begin it: \(reason)")
        try? record(outcome, of: live.job)
        close(live, outcome)
        return true
    }

    /// Jobs that the queue does not know any more.
    private func look(for missing: [Live]) -> Bool {
        if missing.isEmpty { return false }
        let now = Monotonic.seconds
        let jobs = missing.compactMap { live in
            live.array.map { BatchJob(array: $0, index: live.place.index) }
        }
        // Not every site has an accounting.
        let accounts = (try? system.ended(jobs)) ?? []
        let known = Dictionary(accounts.map { ($0.job, $0) }) { $1 }
        var isNews = false
        for live in missing {
            let entry = live.array.flatMap { known[BatchJob(array: $0, index: live.place.index)] }
            if case .ended(let end)? = entry?.state, let job = entry?.job {
                isNews = judge(live, end, job) || isNews
            } else if now - live.since > Self.outcomeLag, isGone(live) {
                isNews = true
            }
        }
        return isNews
    }

    /// Nobody knows anything of it: twice in a row, it is gone.
    private func isGone(_ live: Live) -> Bool {
        if live.misses == 0 {
            state.withLock {
                $0.live[Place(live.place)]?.misses = 1
                $0.live[Place(live.place)]?.endedSince = Monotonic.seconds
            }
            return false
        }
        if let outcome = live.outcome {
            close(live, outcome)
            return true
        }
        if let since = live.endedSince, Monotonic.seconds - since < system.accountLag,
            !Files.exists(live.job.folder.stopMark)
        {
            return false
        }
        let hasBegun = LockClaim.batch(of: live.job.folder.lock)?.hasBegun ?? false
        if !hasBegun, live.array != nil, system.forgetsDeleted {
            // One that said something could not begin.
            if lastWord(of: live) != nil { return judge(live, BatchEnd(.ended, "it is gone"), nil) }
            return judge(live, BatchEnd(.cancelled, "somebody took it out of the queue"), nil)
        }
        return judge(live, BatchEnd(.lost, "unknown"), nil)
    }

    /// The system says that a job has ended.
    ///
    /// - Returns: whether it is over.
    private func judge(_ live: Live, _ end: BatchEnd, _ name: BatchJob?) -> Bool {
        let folder = live.job.folder
        let verdict: BatchVerdict
        if folder.isDone {
            verdict = .outcome(Outcome.read(folder.done), isNew: false)
        } else if Files.exists(folder.failed) {
            verdict = BatchVerdict.of(
                Outcome.read(folder.failed), end, title: system.title,
                isStopped: system.forgetsDeleted || Files.exists(folder.stopMark))
        } else {
            let since = live.endedSince ?? Monotonic.seconds
            guard Monotonic.seconds - since >= Self.outcomeLag || end.reason == .lost else {
                askSoon(Place(live.place))
                return false
            }
            let holder = LockClaim.batch(of: folder.lock)
            guard let holder, Place(holder) == Place(live.place) else {
                // It left, since another has the job by now.
                close(live, nil)
                return true
            }
            let end = Files.exists(folder.stopMark) ? BatchEnd(.cancelled, "stopped") : end
            verdict = BatchVerdict.ofSilent(
                end, hasBegun: holder.hasBegun, memory: live.memory, title: system.title,
                job: name?.text ?? "", log: lastWord(of: live))
        }
        guard case .outcome(let outcome, let isNew) = verdict else {
            close(live, nil)
            return true
        }
        if isNew {
            clear(live)
            do throws(SystemError) { try record(outcome, of: live.job) } catch { warn(error.text) }
        }
        close(live, outcome)
        return true
    }

    /// The last line that jobs of its array have said besides their own logs.
    private func lastWord(of live: Live) -> String? {
        guard let record = BatchRecord.read(live.place.nonce, in: workspace),
            let bytes = Files.tail(record.log(in: workspace), count: 2000)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self).lines.last { !$0.isEmpty }.map(String.init)
    }

    // MARK: Jobs of others

    func lookAtForeign() {
        for foreign in state.withLock({ Array($0.foreign.values) }) {
            guard !FileLock.isHeld(foreign.job.folder.lock) else { continue }
            state.withLock { _ = $0.foreign.removeValue(forKey: foreign.job.number) }
            report(.ofWatched(foreign.job, formerFailure: foreign.formerFailure, elsewhere: true))
        }
    }

    func lookAtHeld() {
        for job in state.withLock({ $0.held.some() }) where job.folder.isDone {
            state.withLock { $0.held.remove(job.number) }
            report(.doneElsewhere(job.number))
        }
    }
}
