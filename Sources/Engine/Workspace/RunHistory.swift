/// The runs of an experiment, as its folder lists them.
package struct RunHistory {
    private let folder: String
    /// The runs' names, which tell when they began; the oldest first.
    package let names: [String]

    package init(experiment: String, in workspace: Workspace) {
        folder = workspace.experiment(experiment)
        let entries = (try? Files.list(folder)) ?? []
        names = Self.sorted(entries)
    }

    /// Those of some names that are runs', the oldest first.
    static func sorted(_ names: [String]) -> [String] {
        names.filter { $0.first?.isNumber ?? false }.sorted(by: isOlder)
    }

    /// The newest run that has a file or folder.
    package func newest(with name: String) -> String? {
        names.reversed().map { "\(folder)/\($0)" }.first { Files.exists("\($0)/\(name)") }
    }

    /// `20261123_101500.10` is younger than `20261123_101500.9`.
    private static func isOlder(_ left: String, _ right: String) -> Bool {
        func parts(_ name: String) -> (String, Int) {
            let parts = name.split(separator: ".", maxSplits: 1)
            return (String(parts.first ?? ""), parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        }
        let (a, b) = (parts(left), parts(right))
        return a.0 == b.0 ? a.1 < b.1 : ByteOrder.less(a.0, b.0)
    }
}
