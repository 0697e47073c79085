// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target of ours: Swift 6 language mode, and a warning is an error.
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// A library target under `Sources/`.
func library(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one target, under `Tests/`.
func tests(of name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "holdfast",
    products: [.executable(name: "holdfast", targets: ["holdfast"])],
    targets: [
        // The C boundary.
        .target(name: "CLinux"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "CWriteCombining", dependencies: ["CSQLite"]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // What everything stands on.
        library("Platform", uses: ["CLinux"]),
        library("Crypto", uses: ["CCrypto"]),
        library("JSON"),
        library("SQLite", uses: ["CSQLite", "CWriteCombining"]),

        // The way of a request, from right to left.
        library("QueueModel", uses: ["JSON"]),
        .target(
            name: "Migrations", path: "migrations",
            resources: [
                .embedInCode("0001_queues_and_messages.sql"), .embedInCode("0002_fifo.sql"),
                .embedInCode("0003_message_move_tasks.sql"),
                .embedInCode("0004_backlog_changed_at.sql"),
                .embedInCode("0005_fresh_messages.sql"),
                .embedInCode("0006_turn_of_fifo_groups.sql"),
                .embedInCode("0007_messages_of_groups_together.sql"),
            ],
            swiftSettings: strict),
        library("QueueStore", uses: ["SQLite", "Migrations", "QueueModel", "Crypto", "Platform"]),
        library("QueueEngine", uses: ["QueueStore", "QueueModel", "Platform"]),
        library(
            "SQSProtocol",
            uses: ["QueueEngine", "QueueStore", "QueueModel", "HTTPServer", "JSON", "Crypto", "Platform"]),
        library("HTTPServer", uses: ["Platform"]),

        // Measures any SQS endpoint; knows nothing of the server.
        library("LoadGenerator", uses: ["JSON", "Crypto", "Platform"]),

        .executableTarget(
            name: "holdfast",
            dependencies: [
                "LoadGenerator", "HTTPServer", "SQSProtocol", "QueueEngine", "QueueStore", "QueueModel", "Platform",
            ],
            swiftSettings: strict),

        tests(of: "Platform", uses: ["CLinux"]),
        tests(of: "Crypto"),
        tests(of: "JSON"),
        tests(of: "SQLite", uses: ["TestSupport"]),
        tests(of: "QueueModel", uses: ["TestSupport", "Crypto", "JSON"]),
        tests(of: "QueueStore", uses: ["TestSupport", "Migrations", "QueueModel", "SQLite", "CSQLite", "Crypto"]),
        tests(of: "QueueEngine", uses: ["TestSupport", "QueueStore", "QueueModel", "SQLite", "Platform", "Crypto"]),
        .target(
            name: "TestSupport", dependencies: ["QueueStore", "QueueModel", "SQLite", "Crypto", "CFaultVFS"],
            path: "Tests/Support", swiftSettings: strict),
        .target(name: "CFaultVFS", dependencies: ["CSQLite"], path: "Tests/CFaultVFS"),
        tests(
            of: "SQSProtocol",
            uses: [
                "TestSupport", "HTTPServer", "QueueEngine", "QueueStore", "QueueModel", "JSON", "Crypto", "Platform",
            ]),
        tests(of: "LoadGenerator", uses: ["JSON", "Crypto", "Platform"]),
        tests(of: "HTTPServer", uses: ["Platform", "CLinux"]),
    ]
)

// The fuzzer and the test that replays its corpus are the same checks, entered in two ways. A build has one of them,
// since all that the fuzzer is built with is instrumented: see Scripts/fuzz.
let checked: [Target.Dependency] = [
    "TestSupport", "SQSProtocol", "HTTPServer", "QueueEngine", "QueueStore", "QueueModel", "JSON", "Crypto", "Platform",
]
package.targets += [
    Context.environment["HOLDFAST_FUZZ"] == nil
        ? .testTarget(
            name: "FuzzTests", dependencies: checked, path: "Tests/Fuzz",
            exclude: ["Corpus", "Dictionaries", "Fuzzer"], sources: ["Checks", "Replay"], swiftSettings: strict)
        : .executableTarget(
            name: "fuzz", dependencies: checked, path: "Tests/Fuzz",
            exclude: ["Corpus", "Dictionaries", "Replay"], sources: ["Checks", "Fuzzer"], swiftSettings: strict)
]
