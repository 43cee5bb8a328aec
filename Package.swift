// swift-tools-version: 6.2
import PackageDescription

/// The settings of every Swift target: one array, so that no target is laxer than another.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// The layers below the engine, and with it: a target sees only those that it names.
let records: [Target.Dependency] = ["Text", "System", "Model", "Settings", "Batch", "Store"]
let reading: [Target.Dependency] = records + ["Inventory"]
let running: [Target.Dependency] = reading + ["Engine"]

let package = Package(
    name: "xpm",
    products: [
        .executable(name: "xpm", targets: ["xpm"]),
        .executable(name: "xpm-job", targets: ["xpm-job"]),
        .executable(name: "xpm-monitor", targets: ["xpm-monitor"]),
        .executable(name: "xpm-page", targets: ["xpm-page"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // Of the page alone: no other program is built from them.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    ],
    targets: [
        // C: Debian's Lua, libyaml and nettle, the shims that hide them, and the system calls that Swift
        // cannot make.
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .target(name: "CLuaShim", dependencies: ["CLua"]),
        // libyaml and nettle in the programs themselves: no library to look for at a start, nor to install.
        .target(name: "CYAMLShim", linkerSettings: [.linkedLibrary(":libyaml.a")]),
        .target(name: "CSystemShim"),
        .target(name: "CHash", linkerSettings: [.linkedLibrary(":libnettle.a")]),

        // Swift, from the bottom to the top. Text is compared by its bytes: every target sees it.
        .target(name: "Text", swiftSettings: strict),
        .target(name: "System", dependencies: ["Text", "CSystemShim"], swiftSettings: strict),
        .target(name: "Model", dependencies: ["Text", "CHash"], swiftSettings: strict),
        .target(name: "Settings", dependencies: ["Text", "System", "Model"], swiftSettings: strict),
        .target(
            name: "YAMLFile", dependencies: ["Text", "System", "Model", "Settings", "CYAMLShim"],
            swiftSettings: strict),
        // Which point a search tries next: numbers only, without files or clocks.
        .target(name: "Search", dependencies: ["Text", "Model", "Settings"], swiftSettings: strict),
        .target(name: "Plot", dependencies: ["Text"], swiftSettings: strict),
        .target(name: "Batch", dependencies: ["Text", "System"], swiftSettings: strict),
        .target(
            name: "Store", dependencies: ["Text", "System", "Model", "Settings", "Batch", "CSystemShim"],
            swiftSettings: strict),
        .target(name: "Inventory", dependencies: records, swiftSettings: strict),
        .target(
            name: "Engine",
            dependencies: reading + [
                "CSystemShim", .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(
            name: "LuaBridge", dependencies: running + ["CLuaShim", "Search"], exclude: ["Lua", "Worker"],
            swiftSettings: strict),
        .executableTarget(
            name: "xpm",
            dependencies: running + [
                "YAMLFile", "LuaBridge", "Plot", "Search",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // What shows a workspace as it changes: only the monitor needs it.
        .target(name: "Watching", dependencies: reading, swiftSettings: strict),
        .target(name: "Terminal", dependencies: ["Text", "System", "CSystemShim"], swiftSettings: strict),
        .executableTarget(
            name: "xpm-monitor", dependencies: reading + ["Watching", "Terminal"], swiftSettings: strict),
        // The same as a page in a browser: a program of its own, which brings a server along.
        .target(name: "CPage"),
        .executableTarget(
            name: "xpm-page",
            dependencies: reading + [
                "Watching", "Plot", "CPage",
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ],
            exclude: ["Assets"], swiftSettings: strict),
        .executableTarget(name: "xpm-job", dependencies: running + ["LuaBridge"], swiftSettings: strict),

        // What scripts/bench measures inside one process.
        .executableTarget(
            name: "xpm-benchmark", dependencies: running + ["CHash", "Search"], path: "scripts/benchmark",
            exclude: ["search_peers.py"], swiftSettings: strict),

        // Tests, target by target as in Sources.
        .target(
            name: "TestSupport", dependencies: ["Text", "System"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .testTarget(
            name: "TextTests", dependencies: ["Text", "System", "Model", "Settings"], swiftSettings: strict),
        .testTarget(
            name: "ModelTests", dependencies: records, resources: [.copy("vectors.json")],
            swiftSettings: strict),
        .testTarget(
            name: "SettingsTests", dependencies: ["Text", "System", "Model", "Settings"],
            swiftSettings: strict),
        .testTarget(name: "StoreTests", dependencies: records + ["TestSupport"], swiftSettings: strict),
        .testTarget(name: "InventoryTests", dependencies: reading + ["TestSupport"], swiftSettings: strict),
        .testTarget(name: "EngineTests", dependencies: running + ["TestSupport"], swiftSettings: strict),
        .testTarget(name: "BatchTests", dependencies: ["Text", "System", "Batch"], swiftSettings: strict),
        .testTarget(
            name: "TerminalTests", dependencies: ["Text", "System", "Terminal"], swiftSettings: strict),
        .testTarget(
            name: "WatchingTests", dependencies: reading + ["Watching", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SearchTests", dependencies: ["Text", "Settings", "Search"], swiftSettings: strict),
        .testTarget(name: "PlotTests", dependencies: ["Text", "Plot"], swiftSettings: strict),
        .testTarget(
            name: "YAMLFileTests", dependencies: ["Text", "System", "Model", "Settings", "YAMLFile"],
            swiftSettings: strict),
        .testTarget(name: "LuaBridgeTests", dependencies: running + ["LuaBridge"], swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: running + ["xpm", "xpm-job", "xpm-monitor", "xpm-page"],
            exclude: ["Faults/faults.c", "Faults/every.c", "Faults/opens.c", "statements.txt"],
            swiftSettings: strict),
    ]
)
