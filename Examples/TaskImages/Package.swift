// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "TaskImages",
    platforms: [.macOS(.v15)],
    products: [.library(name: "TaskImages", targets: ["TaskImages"])],
    dependencies: [
        // Named, because a package that is given by its path otherwise goes by the name of its folder.
        .package(name: "imagespec", path: "../..")
    ],
    targets: [
        .target(name: "TaskImages", dependencies: [.product(name: "ImageSpec", package: "imagespec")]),
        .testTarget(name: "TaskImagesTests", dependencies: ["TaskImages"]),
    ]
)
