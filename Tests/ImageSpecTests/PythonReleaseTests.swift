// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

@Suite struct PythonReleaseTests {
    // A minor version is the newest patch version of its official image; a patch version is that of the image, if there is
    // one, else uv's.
    @Test(arguments: [
        ("3.7", PythonSource.officialImage), ("3.8", .officialImage), ("3.12", .officialImage),
        ("3.14", .officialImage), ("3.15", .uv), ("3.16", .unknown), ("3.99", .unknown), ("3.6", .unknown),
        ("2.7", .unknown),
        ("3.9.6", .uv), ("3.9.8", .unknown), ("3.9.16", .uv), ("3.9.17", .officialImage),
        ("3.9.25", .officialImage), ("3.9.26", .unknown),
        ("3.10.1", .unknown), ("3.10.11", .uv), ("3.10.12", .officialImage), ("3.10.22", .uv),
        ("3.11.0", .unknown), ("3.11.3", .uv), ("3.11.4", .officialImage), ("3.12.0", .officialImage),
        ("3.12.14", .officialImage), ("3.12.15", .uv), ("3.12.17", .unknown), ("3.15.0", .uv),
        ("3.7.16", .unknown), ("3.7.17", .officialImage),
    ])
    func knowsWhereAVersionComesFrom(version: String, source: PythonSource) {
        #expect(PythonSource(ofVersion: version) == source)
    }

    @Test func theTableHasEachVersionOnce() {
        #expect(PythonRelease.known.map(\.minor) == Array(7...15))
        for release in PythonRelease.known {
            let patches = (release.official.map(Array.init) ?? []) + release.managed.flatMap(Array.init)
            #expect(Set(patches).count == patches.count, "3.\(release.minor)")
        }
    }

    // The rule decides the base image, and a newer uv brings what the default one does not know.
    @Test(arguments: [
        (ImageSpec(pythonVersion: "3.11.9"), "python:3.11.9-slim-bookworm"),
        (ImageSpec(pythonVersion: "3.9.6"), "debian:bookworm-slim"),
        (ImageSpec(pythonVersion: "3.16", builderConfig: ["uv_image": "acme/uv:1"]), "debian:bookworm-slim"),
        (ImageSpec(pythonVersion: "3.9.6", baseImage: "acme/base:1"), "acme/base:1"),
    ])
    func theImageIsBasedOnWhatHasTheVersion(spec: ImageSpec, base: String) throws {
        let text = try ImageSpec.Dockerfile(spec, in: RenderingProject().context).text
        #expect(text.hasPrefix("FROM \(base)\n"))
        let version = spec.pythonVersion ?? ""
        #expect(text.contains("--python \(version) /opt/venv") == !base.hasPrefix("python:"))
    }
}
