import CHash
import Glibc
// How many identifiers a second, against plain SHA-256 of the same bytes.
import Model
import System

if CommandLine.arguments.dropFirst().first.map({ $0 == "search" }) ?? false {
    try SearchBenchmark.run(seeds: CommandLine.arguments.dropFirst(2).first.flatMap(Int.init) ?? 30)
    exit(0)
}

let count = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 100_000

let model = try ConfigType(
    id: "bench.model", kind: .config,
    parameters: [Parameter(name: "hidden", type: .int), Parameter(name: "dropout", type: .float)])
let train = try ConfigType(
    id: "bench.train", kind: .task,
    parameters: [
        Parameter(name: "model", type: .config(ConfigReference(model))),
        Parameter(name: "learning_rate", type: .float), Parameter(name: "seed", type: .int),
        Parameter(name: "name", type: .string), Parameter(name: "layers", type: .list(.int)),
    ])

@MainActor func makeTask(_ number: Int) throws -> ConfigObject {
    let inner = ConfigObject(model)
    try inner.set("hidden", to: .int(Int64(number)))
    try inner.set("dropout", to: .float(0.1))
    let task = ConfigObject(train)
    try task.set("model", to: .object(inner))
    try task.set("learning_rate", to: .float(1e-4))
    try task.set("seed", to: .int(Int64(number)))
    try task.set("name", to: .string("experiment"))
    try task.set("layers", to: .list([.int(1), .int(2), .int(3)]))
    return task
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = Monotonic.seconds
    try body()
    return Monotonic.seconds - start
}

/// Bytes of memory in use (proc(5), statm), or 0 where nobody tells.
func residentBytes() -> Int {
    let pages = (try? Files.readText("/proc/self/statm"))?.split(separator: " ").dropFirst().first.flatMap {
        Int($0)
    }
    return (pages ?? 0) * 4096
}

let before = residentBytes()
let tasks = try (0..<count).map(makeTask)
let perObject = (residentBytes() - before) / (2 * count)
let inner = tasks.compactMap { task -> ConfigObject? in
    if case .object(let object)? = task["model"] { object } else { nil }
}
// The bytes are taken before sealing: an identifier that is known already is not computed again.
let bytes = tasks.map(\.canonicalBytes) + inner.map(\.canonicalBytes)
var checksum: UInt8 = 0
let raw = seconds {
    for one in bytes {
        checksum ^= UInt8(truncatingIfNeeded: unsafe xhash_sha256(one, one.count).words.0)
    }
}
let sealing = try seconds { for task in tasks { try task.seal() } }
let identifying = seconds { for task in tasks { checksum ^= task.identifier.hex.utf8.first ?? 0 } }
let total = Double(2 * count)
func rate(_ time: Double) -> Int { Int(total / time) }
func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }
print(
    "identifiers \(rate(identifying))/s, raw SHA-256 of the same bytes \(rate(raw))/s, ratio \(rounded(identifying / raw))"
)
let all = sealing + identifying
print(
    "\(2 * count) objects sealed and identified in \(rounded(all)) s, \(rounded(raw / all * 100)) % of it SHA-256; \(perObject) B each with their values (\(checksum))"
)
