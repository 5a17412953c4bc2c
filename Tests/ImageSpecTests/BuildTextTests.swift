// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ImageSpec
@testable import ImageSpecBuilding

/// Events and results as lines.
@Suite struct BuildTextTests {
    typealias Event = ImageSpec.BuildEvent

    private static let name = "ghcr.io/acme/trainer:1234567890123456789012345"

    @Test(
        arguments: [
            (.waiting(imageName: name, reason: "ghcr.io"), "\(name): waiting for ghcr.io"),
            (.started(imageName: name, engine: "buildah 1.28.2"), "\(name): building with buildah 1.28.2"),
            (
                .started(imageName: name, engine: "podman 4.3.1", reason: "the image is not pushed"),
                "\(name): building with podman 4.3.1, because the image is not pushed"
            ),
            (.output(line: "STEP 1"), "STEP 1"),
            (.output(line: "STEP 1", imageName: name), "trainer:123456789012… | STEP 1"),
            (.warning("old"), "warning: old"),
            (
                .finished(
                    imageName: name,
                    result: .init(
                        imageName: "a:1", outcome: .built, digest: "sha256:0", duration: .milliseconds(12_390)
                    )),
                "a:1: built in 12.3 s, sha256:0"
            ),
            (.finished(imageName: name, result: .init(imageName: "a:1", outcome: .found)), "a:1: exists"),
            (
                .finished(imageName: name, result: .init(imageName: "a:1", outcome: .assumed)),
                "a:1: assumed to exist"
            ),
            (.failed(imageName: "a:1", reason: "x"), "a:1: failed: x"),
            (
                .notBuilt(imageName: "a:1", base: "b:1"),
                "a:1: not built: the build of its base image b:1 failed"
            ),
        ] as [(Event, String)])
    func anEventIsALine(event: Event, line: String) { #expect(event.description == line) }
}
