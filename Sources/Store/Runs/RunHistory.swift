package import System
import Text

/// The runs of an experiment, as its folder lists them.
package struct RunHistory {
    private let folder: String
    /// Where the code of its runs is kept, also of those that were removed.
    private let sources: String
    /// The runs' names, which tell when they began; the oldest first.
    package let names: [String]
    /// Why they cannot be listed.
    package let problem: SystemError?

    package init(experiment: String, in workspace: Workspace) {
        folder = workspace.experiment(experiment)
        sources = "\(workspace.sources)/\(experiment)"
        do throws(SystemError) {
            // A name that a shell has completed as a folder's is none.
            names = experiment.contains("/") ? [] : Self.sorted(try Files.list(folder))
            problem = nil
        } catch {
            names = []
            problem = error.isMissing ? nil : error
        }
    }

    /// The newest run that launched something, or was to; where none did, the newest.
    package var newest: String? { names.last(where: launches) ?? names.last }

    /// Whether a run was more than one that only generates.
    package func launches(_ run: String) -> Bool {
        let status = try? JSON.parse(Files.read("\(folder)/\(run)/status.json", limit: 1 << 26))
        return status?["run_mode"]?.string != RunMode.generate.rawValue
    }

    /// A name for a run that begins now: it sorts behind all others, whatever the clock says and whichever of
    /// them were removed.
    package func nextName(at time: Timestamp) -> String {
        let current = Files.linkTarget("\(folder)/current").map(Paths.name)
        let kept = (try? Files.list(sources)) ?? []
        // Only names that are made here count: any other folder that begins with a digit is listed as a run,
        // but names none.
        let known = (names + kept + [current].compactMap { $0 }).filter(Self.isMade)
        let newest = known.map(Self.parts).max(by: Self.isOlder)
        guard let (began, number) = newest, !Self.isOlder((began, number), Self.parts(time.runName)) else {
            return time.runName
        }
        return "\(began).\(number + 1)"
    }

    /// Those of some names that are runs', the oldest first.
    static func sorted(_ names: [String]) -> [String] {
        // Each is looked at once: an experiment may have thousands.
        names.filter { $0.utf8.first?.isDigit ?? false }.map { (name: $0, parts: parts($0)) }
            .sorted { isOlder($0.parts, $1.parts) }.map(\.name)
    }

    /// The newest run that has a file or folder; one that launched something comes first.
    package func newest(with name: String) -> String? {
        let those = names.reversed().filter { Files.exists("\(folder)/\($0)/\(name)") }
        return (those.first(where: launches) ?? those.first).map { "\(folder)/\($0)" }
    }

    /// Whether a name has the form of those that `nextName` gives.
    static func isMade(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count >= 15, bytes[8] == UInt8(ascii: "_") else { return false }
        func areDigits(_ part: ArraySlice<UInt8>) -> Bool {
            !part.isEmpty && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard areDigits(bytes[0..<8]), areDigits(bytes[9..<15]) else { return false }
        // A number that nothing follows is none of ours.
        return bytes.count == 15
            || bytes[15] == UInt8(ascii: ".") && bytes.count < 28 && areDigits(bytes[16...])
    }

    /// `20261123_101500.10` is younger than `20261123_101500.9`.
    private static func isOlder(_ left: Parts, _ right: Parts) -> Bool {
        left.began == right.began ? left.number < right.number : ByteOrder.less(left.began, right.began)
    }

    private typealias Parts = (began: String, number: Int)

    /// The parts of `20261123_101500.9`.
    private static func parts(_ name: String) -> Parts {
        guard let (began, number) = name.cut(at: ".") else { return (name, 0) }
        return (String(began), Int(number) ?? 0)
    }
}

extension ServiceFolder {
    /// The folders of the same service in the runs before this one.
    package var ofEarlierRuns: [ServiceFolder] {
        let experiment = Paths.parent(run)
        let runs = RunHistory.sorted((try? Files.list(experiment)) ?? [])
        return runs.prefix { $0 != Paths.name(run) }.map { ServiceFolder(id, in: "\(experiment)/\($0)") }
    }
}
