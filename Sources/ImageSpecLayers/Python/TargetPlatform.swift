// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

/// What decides which wheels run in an image: the architecture and the C library of its base image.
struct TargetPlatform: Hashable, Sendable {
    /// As `uv pip install --python-platform` has it.
    let name: String

    /// The minor versions of glibc 2 that uv knows.
    private static let knownMinors = [17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40]

    init(of tree: BaseTree, _ platform: ImagePlatform) throws {
        let architectures = ["amd64": "x86_64", "arm64": "aarch64"]
        guard let architecture = architectures[platform.architecture], platform.system == "linux" else {
            throw ImageSpecError.unsupportedPlatform("\(platform)")
        }
        let libraries = tree.entries.filter { $0.key.lastPathComponent.starts(with: "libc".utf8) }
        if let version = libraries.values.lazy.compactMap(\.version).max(by: {
            Self.minor($0) < Self.minor($1)
        }) {
            guard let minor = Self.knownMinors.last(where: { $0 <= Self.minor(version) }) else {
                throw ImageSpecError.oldLibrary(version)
            }
            name = "\(architecture)-manylinux_2_\(minor)"
        } else if tree.entries.keys.contains(where: { $0.lastPathComponent.starts(with: "ld-musl-".utf8) }) {
            name = "\(architecture)-unknown-linux-musl"
        } else {
            throw ImageSpecError.unknownLibrary
        }
    }

    private static func minor(_ version: String) -> Int {
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        return numbers.count > 1 && numbers[0] == 2 ? numbers[1] : 0
    }
}
