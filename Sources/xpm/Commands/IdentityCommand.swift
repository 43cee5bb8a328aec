import ArgumentParser
import Engine
import Model
import Text

struct IdentityCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "identity",
        abstract: "Print the identifiers of an experiment's jobs, and what they are made of.",
        discussion: """
            With --explain: the bytes whose SHA-256 the identifier is (long pieces shortened, whole with --json), piece by piece, for each job and each config in it, and the \
            parameters that are left out, with the reason. docs/identity.md describes the format.

            Examples:
              xpm identity full.yaml
              xpm identity experiment.lua --job iris.train --explain
            """)

    @OptionGroup var script: ScriptOptions
    @OptionGroup var sweep: SweepOptions
    @OptionGroup var workspace: WorkspaceOptions

    @Option(
        help: ArgumentHelp(
            "Only jobs of this type, or with this beginning of their identifier.", valueName: "job"))
    var job: [String] = []

    @Flag(help: "The bytes and their meaning.")
    var explain = false

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws { try script.requireFiles() }

    func run() throws {
        do throws(Failure) {
            let (wanted, explain, json) = (job, explain, json)
            try PlanReader.read(ExperimentFiles(of: script, sweep: sweep, workspace: workspace), .plan) {
                reader in
                var told: Set<Identifier> = []
                for planned in try reader.jobs(named: wanted) {
                    guard explain else {
                        let spec = planned.job.spec
                        let line: JSON = ["task": .string(spec.taskID), "id": .string(spec.identifier.hex)]
                        reader.write(json ? line.text + "\n" : "\(spec.identifier.hex)  \(spec.taskID)\n")
                        continue
                    }
                    for part in IdentityExplanation.of(planned.job.task)
                    where told.insert(part.identifier).inserted {
                        reader.write(json ? Self.json(part).text + "\n" : Self.text(part))
                    }
                }
            }
        } catch { throw error.reported() }
    }

    private static func text(_ part: IdentityExplanation) -> String {
        let style = Style.standardOutput
        var lines = ["\(style.bold(part.type)) \(part.identifier.hex)"]
        for piece in part.pieces {
            let shown = style.dim(hex(piece.bytes)).padded(to: 27)
            lines.append("    \(shown) \(TextReport.printable(piece.meaning))")
        }
        for left in part.skipped {
            lines.append("    \(style.dim("left out").padded(to: 27)) \(left.name): \(left.reason)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// At most eight bytes, the first ones and the last.
    private static func hex(_ bytes: [UInt8]) -> String {
        func digits(_ bytes: some Sequence<UInt8>) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        }
        return bytes.count <= 9 ? digits(bytes) : "\(digits(bytes.prefix(4))) … \(digits(bytes.suffix(3)))"
    }

    private static func json(_ part: IdentityExplanation) -> JSON {
        [
            "type": .string(part.type), "id": .string(part.identifier.hex),
            "pieces": .array(
                part.pieces.map { piece in
                    let hex = piece.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                    return ["bytes": .string(hex), "meaning": .string(piece.meaning)]
                }),
            "left_out": .array(
                part.skipped.map { ["name": .string($0.name), "reason": .string($0.reason)] }),
        ]
    }
}
