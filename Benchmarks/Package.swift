// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "ImageSpecBenchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        // Named, because a package that is given by its path otherwise goes by the name of its folder.
        .package(name: "imagespec", path: "..")
    ],
    targets: [
        .executableTarget(
            name: "IdentityBenchmark", dependencies: [.product(name: "ImageSpec", package: "imagespec")])
    ]
)
