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

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "xpm",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "xpm", targets: ["xpm"]),
        .executable(name: "xpm-job", targets: ["xpm-job"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        // C: Debian's Lua, libyaml and nettle, the shims that hide them, and the system calls that Swift cannot make.
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .target(name: "CLuaShim", dependencies: ["CLua"]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CYAMLShim", dependencies: ["CYAML"]),
        .target(name: "CSystemShim"),
        // nettle in the program itself: 55 kB, and no library to look for at a start.
        .target(
            name: "CHash",
            linkerSettings: [
                .linkedLibrary(":libnettle.a", .when(platforms: [.linux])),
                .linkedLibrary("nettle", .when(platforms: [.macOS])),
            ]),

        // Swift, from the bottom to the top. Text is compared by its bytes: every target sees it.
        .target(name: "Text", swiftSettings: strict),
        .target(
            name: "Engine",
            dependencies: [
                "Text", "CSystemShim", "CHash", .product(name: "HeapModule", package: "swift-collections"),
            ], swiftSettings: strict),
        .target(
            name: "YAMLFile", dependencies: ["Text", "Engine", "CYAMLShim"], swiftSettings: strict),
        .target(
            name: "LuaBridge", dependencies: ["Text", "Engine", "CLuaShim"], exclude: ["Lua"],
            swiftSettings: strict),
        // Pictures of results, as SVG: only numbers and texts go in.
        .target(name: "Plot", dependencies: ["Text", "Engine"], swiftSettings: strict),
        .executableTarget(
            name: "xpm", dependencies: ["Text", "Engine", "YAMLFile", "LuaBridge", "Plot", argumentParser],
            swiftSettings: strict),
        .executableTarget(
            name: "xpm-job", dependencies: ["Text", "Engine", "LuaBridge"], swiftSettings: strict),

        // What scripts/bench measures inside one process.
        .executableTarget(
            name: "xpm-benchmark", dependencies: ["Text", "Engine", "CHash"], path: "scripts/benchmark",
            swiftSettings: strict),

        // Tests, folder by folder as in Sources.
        .testTarget(name: "TextTests", dependencies: ["Text", "Engine"], swiftSettings: strict),
        .testTarget(
            name: "EngineTests", dependencies: ["Text", "Engine"],
            resources: [.copy("Identity/vectors.json")],
            swiftSettings: strict),
        .testTarget(name: "PlotTests", dependencies: ["Text", "Plot"], swiftSettings: strict),
        .testTarget(
            name: "YAMLFileTests", dependencies: ["Text", "YAMLFile", "Engine"], swiftSettings: strict),
        .testTarget(
            name: "LuaBridgeTests", dependencies: ["Text", "LuaBridge", "Engine"], swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["Text", "Engine", "xpm", "xpm-job"],
            exclude: ["Faults/faults.c", "Faults/every.c", "statements.txt"],
            swiftSettings: strict),
    ]
)
