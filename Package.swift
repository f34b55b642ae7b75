// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// What only the trait ConfigStream brings.
let stream: TargetDependencyCondition? = .when(traits: ["ConfigStream"])

let package = Package(
    name: "graft",
    products: [
        .library(name: "Graft", targets: ["Graft"]),
        .library(name: "GraftConfig", targets: ["GraftConfig"]),
        .library(name: "GraftConfigStream", targets: ["GraftConfigStream"]),
        .library(name: "GraftConfigStreamGRPC", targets: ["GraftConfigStreamGRPC"]),
        .library(name: "GraftConfigStreamProvider", targets: ["GraftConfigStreamProvider"]),
        .library(name: "GraftProducts", targets: ["GraftProducts"]),
        .library(name: "GraftRemoteConfig", targets: ["GraftRemoteConfig"]),
        .library(name: "GraftTelemetry", targets: ["GraftTelemetry"]),
        .library(name: "GraftSCA", targets: ["GraftSCA"]),
        .library(name: "GraftLogging", targets: ["GraftLogging"]),
        .library(name: "GraftServices", targets: ["GraftServices"]),
        .library(name: "GraftTestKit", targets: ["GraftTestKit"]),
        .library(name: "GraftAgentArchive", type: .static, targets: ["GraftAgent"]),
        .executable(name: "graft", targets: ["GraftCLI"]),
        .executable(name: "graft-stream", targets: ["GraftStreamCLI"]),
    ],
    traits: [
        .trait(name: "SwiftLog", description: "GraftLogging sends the library's log to a swift-log Logger"),
        .trait(name: "ServiceLifecycle", description: "GraftServices runs products and pollers in a ServiceGroup"),
        .trait(
            name: "ConfigStream",
            description:
                "GraftConfigStreamGRPC and GraftConfigStreamProvider: the stream over gRPC, and what others see of it"),
    ],
    dependencies: [
        // Each is used with its trait only: without it, it is neither fetched nor resolved.
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.10.0"),
    ],
    targets: [
        .target(
            name: "CGraft",
            path: ".",
            exclude: ["CSources/preload"],
            sources: ["CSources"],
            publicHeadersPath: "include",
            cSettings: [.define("_GNU_SOURCE"), .headerSearchPath("CSources")],
            linkerSettings: [
                .linkedLibrary("elf"), .linkedLibrary("dw"), .linkedLibrary("lzma"),
                .linkedLibrary("unwind-x86_64"), .linkedLibrary("Zydis"), .linkedLibrary("ffi"),
            ]
        ),
        .target(name: "Graft", dependencies: ["CGraft"], swiftSettings: strict),
        .target(name: "GraftConfig", swiftSettings: strict),
        .target(name: "GraftProducts", dependencies: ["GraftConfig", "GraftRemoteConfig"], swiftSettings: strict),
        .target(name: "GraftRemoteConfig", dependencies: ["GraftConfig"], swiftSettings: strict),
        .target(
            name: "GraftTelemetry", dependencies: ["GraftConfig", "GraftProducts", "GraftRemoteConfig"],
            swiftSettings: strict),
        .target(name: "GraftSCA", dependencies: ["Graft", "GraftConfig"], swiftSettings: strict),
        .target(
            name: "GraftLogging",
            dependencies: [
                "Graft", .product(name: "Logging", package: "swift-log", condition: .when(traits: ["SwiftLog"])),
            ], swiftSettings: strict),
        .target(
            name: "GraftServices",
            dependencies: [
                "Graft", "GraftConfig", "GraftProducts", "GraftRemoteConfig",
                .product(
                    name: "ServiceLifecycle", package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])),
            ], swiftSettings: strict),
        .target(name: "GraftConfigStream", dependencies: ["Graft", "GraftConfig"], swiftSettings: strict),
        // The stream over gRPC, which takes 700 seconds of a processor to build: compiled with the trait ConfigStream only.
        .target(
            name: "GraftConfigStreamGRPC",
            dependencies: [
                "GraftConfigStream",
                .product(name: "GRPCCore", package: "grpc-swift-2", condition: stream),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport", condition: stream),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: stream),
                .product(name: "NIOCore", package: "swift-nio", condition: stream),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: stream),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: stream),
                .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: stream),
            ], exclude: ["Protos"], swiftSettings: strict),
        .target(
            name: "GraftConfigStreamProvider",
            dependencies: [
                "GraftConfigStream",
                .product(name: "Configuration", package: "swift-configuration", condition: stream),
                .product(name: "Logging", package: "swift-log", condition: stream),
                .product(name: "Metrics", package: "swift-metrics", condition: stream),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: stream),
            ], swiftSettings: strict),
        .target(
            name: "GraftAgent",
            dependencies: ["Graft", "GraftConfig", "GraftProducts", "GraftRemoteConfig", "GraftSCA", "GraftTelemetry"],
            swiftSettings: strict),
        .target(
            name: "GraftTestKit",
            dependencies: ["Graft", "GraftConfig", "GraftConfigStream", "GraftRemoteConfig", "GraftSCA"],
            swiftSettings: strict),
        .executableTarget(
            name: "GraftCLI", dependencies: ["Graft", "GraftConfig", "GraftRemoteConfig", "GraftSCA", "GraftAgent"],
            swiftSettings: strict),
        // The tool graft-stream; without the trait ConfigStream it says how it is built.
        .executableTarget(
            name: "GraftStreamCLI", dependencies: ["Graft", "GraftConfigStream", "GraftConfigStreamGRPC"],
            swiftSettings: strict),
        // Runs the programs of Tests/Programs, for the tests of several modules.
        .target(name: "Scenarios", path: "Tests/Scenarios", swiftSettings: strict),
        .testTarget(name: "GraftTests", dependencies: ["Graft", "CGraft", "GraftTestKit"], swiftSettings: strict),
        .testTarget(name: "GraftConfigTests", dependencies: ["GraftConfig", "GraftTestKit"], swiftSettings: strict),
        // Programs that fork, for the tests of GraftProducts.
        .executableTarget(
            name: "ForkingProducts", dependencies: ["GraftProducts", "GraftConfig"],
            path: "Tests/Programs/ForkingProducts", swiftSettings: strict),
        .executableTarget(
            name: "ForkingRemote", dependencies: ["GraftProducts", "GraftRemoteConfig", "GraftConfig"],
            path: "Tests/Programs/ForkingRemote", swiftSettings: strict),
        .testTarget(
            name: "GraftProductsTests",
            dependencies: [
                "GraftProducts", "GraftRemoteConfig", "GraftConfig", "GraftTestKit", "Scenarios", "ForkingProducts",
                "ForkingRemote",
            ], swiftSettings: strict),
        // A program that forks, with products in C, for the tests of GraftServices.
        .target(name: "CProducts", dependencies: ["CGraft"], path: "Tests/Programs/CProducts"),
        .executableTarget(
            name: "ForkingNatives", dependencies: ["CProducts", "GraftProducts", "GraftServices"],
            path: "Tests/Programs/ForkingNatives", swiftSettings: strict),
        .testTarget(
            name: "GraftServicesTests", dependencies: ["GraftServices", "Scenarios", "ForkingNatives"],
            swiftSettings: strict),
        // What the client costs; Tests/Benchmarks/RemoteConfig/bench-remote-config runs it.
        .executableTarget(
            name: "bench_remote_config", dependencies: ["GraftRemoteConfig", "GraftSCA", "GraftConfig"],
            path: "Tests/Benchmarks/RemoteConfig",
            exclude: ["allocations.c", "bench-remote-config", "bench_ddtrace.py"],
            swiftSettings: strict),
        // What the config stream costs; Tests/Benchmarks/ConfigStream/bench-config-stream runs it.
        .executableTarget(
            name: "bench_config_stream",
            dependencies: [
                "GraftConfigStream", "GraftConfigStreamGRPC", "GraftTestKit",
                .product(name: "Configuration", package: "swift-configuration", condition: stream),
            ],
            path: "Tests/Benchmarks/ConfigStream", exclude: ["bench-config-stream"], swiftSettings: strict),
        // A program that forks, for the tests of GraftRemoteConfig.
        .executableTarget(
            name: "ForkingPoller", dependencies: ["GraftRemoteConfig", "GraftConfig"],
            path: "Tests/Programs/ForkingPoller", swiftSettings: strict),
        // A program that saves until it is killed, for the tests of GraftRemoteConfig.
        .executableTarget(
            name: "SavingCache", dependencies: ["GraftRemoteConfig", "GraftConfig"],
            path: "Tests/Programs/SavingCache", swiftSettings: strict),
        .testTarget(
            name: "GraftRemoteConfigTests",
            dependencies: [
                "GraftRemoteConfig", "GraftConfig", "GraftTestKit", "Scenarios", "ForkingPoller", "SavingCache",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "GraftTelemetryTests",
            dependencies: ["GraftTelemetry", "GraftConfig", "GraftProducts", "GraftRemoteConfig", "GraftTestKit"],
            swiftSettings: strict),
        // The client driven from outside, for the comparison with other clients in Tests/Oracle.
        .executableTarget(
            name: "RemoteConfigReplay", dependencies: ["GraftRemoteConfig", "GraftProducts", "GraftConfig"],
            path: "Tests/Programs/RemoteConfigReplay", swiftSettings: strict),
        // A program that saves until it is killed, for the tests of GraftConfigStream.
        .executableTarget(
            name: "SavingStreamCache", dependencies: ["GraftConfigStream"],
            path: "Tests/Programs/SavingStreamCache", swiftSettings: strict),
        .testTarget(
            name: "GraftConfigStreamTests",
            dependencies: [
                "GraftConfigStream", "GraftConfig", "Graft", "GraftSCA", "GraftTestKit", "SavingStreamCache",
            ],
            swiftSettings: strict),
        // What is compiled with the trait ConfigStream only, and a program that is told by a signal to end, for its tests.
        .executableTarget(
            name: "SignalledStream",
            dependencies: [
                "GraftConfigStreamProvider", "GraftConfigStream", "GraftTestKit",
                .product(name: "Logging", package: "swift-log", condition: stream),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: stream),
                .product(name: "UnixSignals", package: "swift-service-lifecycle", condition: stream),
            ], path: "Tests/Programs/SignalledStream", swiftSettings: strict),
        .testTarget(
            name: "GraftConfigStreamProviderTests",
            dependencies: [
                "GraftConfigStreamProvider", "GraftConfigStream", "GraftTestKit", "Scenarios", "SignalledStream",
                .product(name: "Configuration", package: "swift-configuration", condition: stream),
                .product(name: "ConfigurationTesting", package: "swift-configuration", condition: stream),
                .product(name: "Logging", package: "swift-log", condition: stream),
                .product(name: "Metrics", package: "swift-metrics", condition: stream),
                .product(name: "MetricsTestKit", package: "swift-metrics", condition: stream),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: stream),
            ], swiftSettings: strict),
        .testTarget(name: "GraftSCATests", dependencies: ["GraftSCA", "GraftTestKit"], swiftSettings: strict),
        // Against Tests/ConfigStream, a core agent in Python; empty without the trait.
        .testTarget(
            name: "GraftConfigStreamGRPCTests",
            dependencies: [
                "GraftConfigStreamGRPC", "GraftConfigStream",
                .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: stream),
            ], swiftSettings: strict),
        .testTarget(
            name: "GraftStreamCLITests", dependencies: ["GraftStreamCLI", "GraftConfigStream", "GraftTestKit"],
            swiftSettings: strict),
        // A consumer that checks what it is told, for Tests/ConfigStream/test-restarts.
        .executableTarget(
            name: "StreamSoak", dependencies: ["GraftConfigStream", "GraftConfigStreamGRPC"],
            path: "Tests/Programs/StreamSoak", swiftSettings: strict),
        .testTarget(name: "GraftLoggingTests", dependencies: ["GraftLogging"], swiftSettings: strict),
        .testTarget(
            name: "GraftAgentTests",
            dependencies: ["GraftAgent", "GraftProducts", "GraftRemoteConfig", "GraftTestKit"],
            swiftSettings: strict),
        .testTarget(name: "GraftCLITests", dependencies: ["GraftCLI", "GraftTestKit"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)

// A part of the tests that is built with a trait, in a folder of its own, builds what it tests and not all else once more:
// GRAFT_TARGETS names targets, which stay with all that they depend on.
if let named = Context.environment["GRAFT_TARGETS"] {
    var wanted: Set<String> = []
    var next = named.split(separator: " ").map(String.init)
    while let name = next.popLast() {
        guard wanted.insert(name).inserted, let target = package.targets.first(where: { $0.name == name }) else {
            continue
        }
        for case .byNameItem(let dependency, _) in target.dependencies { next.append(dependency) }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    package.products = []
}
