// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "TaskImages",
    platforms: [.macOS(.v15)],
    products: [.library(name: "TaskImages", targets: ["TaskImages"])],
    dependencies: [
        // Named explicitly, because a package referenced by path is otherwise named after its directory.
        .package(name: "imagespec", path: "../..")
    ],
    targets: [
        .target(name: "TaskImages", dependencies: [.product(name: "ImageSpec", package: "imagespec")]),
        .testTarget(
            name: "TaskImagesTests",
            dependencies: [
                "TaskImages", .product(name: "ImageSpecContainers", package: "imagespec"),
                .product(name: "ImageSpecDiff", package: "imagespec"),
                .product(name: "ImageSpecFlytekit", package: "imagespec"),
                .product(name: "ImageSpecTesting", package: "imagespec"),
            ],
            exclude: ["image-names.json", "xctest-names.json"]),
    ]
)
