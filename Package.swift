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
        .library(name: "ImageSpecContainers", targets: ["ImageSpecContainers"]),
        .library(name: "ImageSpecYAML", targets: ["ImageSpecYAML"]),
        .executable(name: "imagespec", targets: ["ImageSpecCommand"]),
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
        .target(name: "ImageSpec", dependencies: ["CLibcrypto"], swiftSettings: settings),
        // Loads libcurl when it is first needed: building needs no header of it. On older systems dlopen lies in a library
        // of its own.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(
            name: "ImageSpecContainers",
            dependencies: [
                "CCurl", "ImageSpec", .product(name: "Subprocess", package: "swift-subprocess"),
                .product(
                    name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "ImageSpecYAML", dependencies: ["ImageSpec", .product(name: "Yams", package: "Yams")],
            swiftSettings: settings
        ),
        // Not named imagespec: where file names ignore case, that module's files would be those of ImageSpec.
        .executableTarget(
            name: "ImageSpecCommand",
            dependencies: [
                "ImageSpec", "ImageSpecContainers", "ImageSpecYAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ImageSpecTests", dependencies: ["ImageSpec"], resources: [.copy("Fixtures")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ImageSpecContainersTests", dependencies: ["ImageSpec", "ImageSpecContainers"],
            resources: [.copy("Fixtures")], swiftSettings: settings
        ),
        .testTarget(
            name: "ImageSpecYAMLTests", dependencies: ["ImageSpec", "ImageSpecYAML"], swiftSettings: settings
        ),
        // The executable is no module that these import; they run it, and so it must be built.
        .testTarget(
            name: "ImageSpecCommandTests", dependencies: ["ImageSpecCommand"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
