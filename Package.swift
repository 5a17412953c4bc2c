// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Whether warnings are errors, as `Scripts/test` asks for.
let isStrict = Context.environment["IMAGESPEC_STRICT"] == "1"

let features: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let settings = features + (isStrict ? [.treatAllWarnings(as: .error)] : [])

let package = Package(
    name: "imagespec",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "ImageSpec", targets: ["ImageSpec"]),
        .library(name: "ImageSpecBuilding", targets: ["ImageSpecBuilding"]),
        .library(name: "ImageSpecContainers", targets: ["ImageSpecContainers"]),
        .library(name: "ImageSpecDiff", targets: ["ImageSpecDiff"]),
        .library(name: "ImageSpecFlytekit", targets: ["ImageSpecFlytekit"]),
        .library(name: "ImageSpecFoundation", targets: ["ImageSpecFoundation"]),
        .library(name: "ImageSpecTesting", targets: ["ImageSpecTesting"]),
        .library(name: "ImageSpecYAML", targets: ["ImageSpecYAML"]),
        .executable(name: "imagespec", targets: ["ImageSpecCommand"]),
        .plugin(name: "ImageSpecPlugin", targets: ["ImageSpecPlugin"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // The type of paths in swift-subprocess, where the system does not bring it.
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        // Without its trait for Foundation, which nothing here needs.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CLibcrypto",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        // Loads libcurl when it is first needed: building needs no header of it. On older systems dlopen lies in a library
        // of its own.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        // Compresses layers. On every system; Debian has its header in zlib1g-dev.
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]
        ),
        // Header only: system calls and atomics that Swift does not provide.
        .systemLibrary(name: "CFileSystem"),
        // Two messages at a time, which libcrypto does not offer.
        .target(name: "CSHA256"),
        // Directories, their manifests and digests. No product: only this package's targets use it.
        .target(
            name: "ContentTree", dependencies: ["CLibcrypto", "CFileSystem", "CSHA256"],
            swiftSettings: settings
        ),
        .target(name: "ImageSpec", dependencies: ["CFileSystem", "ContentTree"], swiftSettings: settings),
        // Validation, Dockerfiles, build contexts and the order of builds. Not in ImageSpec, so that a client that only names
        // images compiles half as much.
        .target(
            name: "ImageSpecBuilding", dependencies: ["CFileSystem", "ContentTree", "ImageSpec"],
            swiftSettings: settings),
        // Snapshots of what was named, and how two differ.
        .target(name: "ImageSpecDiff", dependencies: ["ContentTree", "ImageSpec"], swiftSettings: settings),
        // flytekit's own names, which need MD5 and SHA-1.
        .target(
            name: "ImageSpecFlytekit", dependencies: ["CLibcrypto", "ContentTree", "ImageSpec"],
            swiftSettings: settings),
        // What Foundation asks of types, for clients that use it: nothing else here links it.
        .target(name: "ImageSpecFoundation", dependencies: ["ImageSpec"], swiftSettings: settings),
        // For tests of clients: whether names are as recorded.
        .target(
            name: "ImageSpecTesting",
            dependencies: ["ContentTree", "ImageSpec", "ImageSpecDiff", "ImageSpecFoundation"],
            swiftSettings: settings),
        // Layers, manifests and configurations of images, made without a daemon. No product: ImageSpecContainers offers it.
        .target(
            name: "ImageSpecLayers",
            dependencies: ["CZlib", "ContentTree", "ImageSpec", "ImageSpecBuilding"],
            swiftSettings: settings),
        .target(
            name: "ImageSpecContainers",
            dependencies: [
                "CCurl", "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecFlytekit",
                "ImageSpecLayers",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(
                    name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "ImageSpecYAML",
            dependencies: ["ContentTree", "ImageSpec", .product(name: "Yams", package: "Yams")],
            swiftSettings: settings
        ),
        // No product: it is for the tool alone.
        .target(
            name: "ImageSpecDrafting",
            dependencies: ["ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecYAML"],
            swiftSettings: settings),
        // Not named imagespec: where file names ignore case, that module's files would be those of ImageSpec.
        .executableTarget(
            name: "ImageSpecCommand",
            dependencies: [
                "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecContainers", "ImageSpecDiff",
                "ImageSpecDrafting", "ImageSpecFlytekit", "ImageSpecYAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        // Asks for no permission, so that commands which only read need no flag.
        .plugin(
            name: "ImageSpecPlugin",
            capability: .command(
                intent: .custom(
                    verb: "image-spec",
                    description: "Name, render and build the container images of the package.")),
            dependencies: ["ImageSpecCommand"]
        ),
        .testTarget(
            name: "ImageSpecTests",
            dependencies: [
                "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecDiff", "ImageSpecFlytekit",
                "ImageSpecFoundation", "ImageSpecTesting",
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ImageSpecLayersTests",
            dependencies: ["ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecLayers"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ImageSpecContainersTests",
            dependencies: [
                "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecContainers", "ImageSpecFlytekit",
                "ImageSpecLayers",
            ],
            resources: [.copy("Fixtures")], swiftSettings: settings
        ),
        .testTarget(
            name: "ImageSpecYAMLTests", dependencies: ["ImageSpec", "ImageSpecBuilding", "ImageSpecYAML"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ImageSpecDraftingTests",
            dependencies: [
                "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecDrafting", "ImageSpecYAML",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ErrorMessageTests",
            dependencies: [
                "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecCommand", "ImageSpecContainers",
                "ImageSpecDiff", "ImageSpecDrafting", "ImageSpecFlytekit", "ImageSpecLayers",
                "ImageSpecTesting", "ImageSpecYAML",
            ],
            exclude: ["Fixtures"], swiftSettings: settings
        ),
        // The executable is no module that these import; they run it, and so it must be built.
        .testTarget(
            name: "ImageSpecCommandTests", dependencies: ["ImageSpecCommand"], exclude: ["Fixtures"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

// Sanitizers slow a build and its tests; what they look for is in the core alone.
if Context.environment["IMAGESPEC_CORE_ONLY"] == "1" {
    let core = [
        "CLibcrypto", "CFileSystem", "CSHA256", "ContentTree", "ImageSpec", "ImageSpecBuilding",
        "ImageSpecDiff",
        "ImageSpecFlytekit", "ImageSpecFoundation", "ImageSpecTesting", "ImageSpecTests",
    ]
    package.targets.removeAll { !core.contains($0.name) }
    package.products.removeAll { $0.name != "ImageSpec" }
    package.dependencies = []
}
