// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

/// A minor version of Python 3, and which of its patch versions can be had without a base image.
///
/// These facts are part of identity version 1, as ``RenderingConstants`` are: they decide what an image is built from.
struct PythonRelease: Sendable {
    let minor: Int
    /// The patch versions of the official image on the default base. Debian 12 is younger than most minor versions, and
    /// each of them had its first image on it with the patch version of that time.
    let official: ClosedRange<Int>?
    /// The patch versions that the default uv downloads for linux/amd64, besides those. (For linux/arm64 it has none
    /// before 3.8.13 and 3.9.6.)
    let managed: [ClosedRange<Int>]

    /// Sources: docker-library/official-images, all versions of `library/python` up to August 2026;
    /// `uv python list --all-versions` of uv 0.13.9.
    static let known: [PythonRelease] = [
        PythonRelease(minor: 7, official: 17...17, managed: []),
        PythonRelease(minor: 8, official: 17...20, managed: [2...3, 5...16]),
        PythonRelease(minor: 9, official: 17...25, managed: [0...7, 10...16]),
        PythonRelease(minor: 10, official: 12...21, managed: [0...0, 2...9, 11...11, 22...22]),
        PythonRelease(minor: 11, official: 4...16, managed: [1...3, 17...18]),
        PythonRelease(minor: 12, official: 0...14, managed: [15...16]),
        PythonRelease(minor: 13, official: 0...15, managed: [16...18]),
        PythonRelease(minor: 14, official: 0...7, managed: [8...10]),
        PythonRelease(minor: 15, official: nil, managed: [0...2]),
    ]
}

/// Where the Python of a spec without a base image comes from.
enum PythonSource: Equatable {
    /// The official Python image, which is the base then.
    case officialImage
    /// uv, which downloads it.
    case uv
    /// Neither has it, as far as is known.
    case unknown

    /// Of a valid version, such as `3.12` or `3.9.6`.
    init(ofVersion version: String) {
        let numbers = version.utf8.split(separator: UInt8(ascii: ".")).map {
            Int(String(decoding: $0, as: UTF8.self))
        }
        guard numbers.count >= 2, numbers[0] == 3,
            let release = PythonRelease.known.first(where: { $0.minor == numbers[1] })
        else {
            self = .unknown
            return
        }
        guard numbers.count == 3, let patch = numbers[2] else {
            self = release.official == nil ? .uv : .officialImage
            return
        }
        if release.official?.contains(patch) == true {
            self = .officialImage
        } else {
            self = release.managed.contains { $0.contains(patch) } ? .uv : .unknown
        }
    }
}

extension ImageSpec {
    /// The versions of Python that need no base image, in order of preference: the default, minor versions with an official
    /// image, those of uv, then all patch versions. The newest come first.
    package static let availablePythons: [[Int]] = {
        let newest = PythonRelease.known.reversed()
        let minors = newest.filter { $0.official != nil } + newest.filter { $0.official == nil }
        let patches = newest.flatMap { release in
            ([release.official].compactMap(\.self) + release.managed).flatMap(\.self).sorted(by: >)
                .map { [3, release.minor, $0] }
        }
        let preferred = RenderingConstants.defaultPython.split(separator: ".").compactMap { Int($0) }
        return [preferred] + minors.map { [3, $0.minor] } + patches
    }()

    /// The image to build on if the spec names none.
    package var defaultBaseImage: String { PythonEnvironment(of: withBaseImage(nil)).baseReference }

    /// What keeps the image from having the Python of `python_version`.
    var pythonVersionProblems: [ImageSpecError] {
        guard let version = pythonVersion.nonEmpty, TextRule.pythonVersion.problem(version) == nil,
            !hasCondaFields, pythonExec.nonEmpty == nil
        else { return [] }
        // No release of uv, which makes the environment, knows these.
        let isTooOld =
            version.hasPrefix("2.")
            || (0...6).contains { minor in
                version == "3.\(minor)" || version.hasPrefix("3.\(minor).")
            }
        if isTooOld { return [.unavailablePython(version, "use Python 3.7 or later, or conda_packages")] }
        guard !hasBaseImage, builderText("uv_image") == nil, PythonSource(ofVersion: version) == .unknown
        else { return [] }
        let minor = version.utf8.split(separator: UInt8(ascii: ".")).prefix(2).map {
            String(decoding: $0, as: UTF8.self)
        }.joined(separator: ".")
        let advice =
            PythonSource(ofVersion: minor) == .unknown
            ? "use an earlier version" : "use \"\(minor)\""
        return [
            .unavailablePython(
                version,
                "\(advice), or set builder_config.uv_image to a uv image that provides it, or use a base_image that contains it"
            )
        ]
    }

    /// Whether there is a base image that the spec names.
    package var hasBaseImage: Bool {
        switch baseImage {
        case .reference(let text): !text.isEmpty
        case .spec: true
        case nil: false
        }
    }
}

extension ImageSpecError {
    static func unavailablePython(_ version: String, _ advice: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "python_version",
            "Python \(version) has no official image on Debian 12 and is not available from uv",
            fix: Fix(advice))
    }
}
