// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Which references are pinned, and what that does to a spec.
@Suite struct PinsTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)
    private static let other = "sha256:" + String(repeating: "1b", count: 32)
    private let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "x86_64")

    /// The pins as `field reference`, and what was asked for.
    private func pins(
        _ spec: ImageSpec, updating: Bool = false
    ) async throws -> (found: ImageSpec.Pins, lines: [String], asked: [String]) {
        var asked: [String] = []
        let found = try await spec.pins(in: context, updating: updating) { name in
            asked.append(name)
            return Self.digest
        }
        let lines = found.pins.map { pin in
            "\(pin.field) \(pin.pinned.replacing("@" + Self.digest, with: "@"))"
        }
        return (found, lines, asked)
    }

    @Test(arguments: [
        ("debian:12", "debian:12@"), ("debian", "debian:latest@"),
        ("localhost:5000/a", "localhost:5000/a:latest@"), ("[::1]:5000/a:1", "[::1]:5000/a:1@"),
        ("ghcr.io/a/b:1.0-x_y", "ghcr.io/a/b:1.0-x_y@"),
    ])
    func aTagStaysBeforeItsDigest(_ reference: String, _ pinned: String) async throws {
        let result = try await pins(ImageSpec(baseImage: .reference(reference)))
        #expect(result.lines == ["base_image \(pinned)"])
        #expect(result.asked == [String(pinned.dropLast())])
    }

    @Test(arguments: ["debian:12@" + digest, "debian@" + digest, "scratch"])
    func whatIsPinnedStays(_ reference: String) async throws {
        let result = try await pins(ImageSpec(baseImage: .reference(reference)))
        #expect(result.found == ImageSpec.Pins())
        #expect(result.asked == [])
    }

    @Test(arguments: [
        "debian@sha256:zz", "debian:12@", "debian@latest", "debian@" + digest.uppercased(),
        "debian@\(digest)@\(digest)",
    ])
    func whatIsNoDigestPinsNothing(_ reference: String) async throws {
        for updating in [false, true] {
            let error = await #expect(throws: ImageSpecError.self) {
                try await pins(ImageSpec(baseImage: .reference(reference)), updating: updating)
            }
            #expect(error?.code == .invalidField)
            #expect(error?.message.hasPrefix("base_image: ") == true)
        }
    }

    @Test func onlyTheChosenFieldsArePinned() async throws {
        var asked: [String] = []
        let spec = ImageSpec(packages: ["six"], baseImage: "debian:12")
        let found = try await spec.pins(in: context, fields: ["base_image"]) { name in
            asked.append(name)
            return Self.digest
        }
        #expect(found.pins.map(\.field) == ["base_image"] && asked == ["debian:12"])
    }

    @Test func anUpdateAsksForTheTagsAgain() async throws {
        for (reference, pinned) in [
            ("debian:12@" + Self.other, ["base_image debian:12@"]), ("debian:12@" + Self.digest, []),
            ("debian@" + Self.other, []), ("debian:12", ["base_image debian:12@"]),
        ] {
            let result = try await pins(ImageSpec(baseImage: .reference(reference)), updating: true)
            #expect(result.lines == pinned)
        }
    }

    /// Only images that the Dockerfile names count, and each is asked for once.
    @Test func theImagesThatAreUsedArePinned() async throws {
        let uv = "builder_config.uv_image ghcr.io/astral-sh/uv:0.13.9@"
        let micromamba = "builder_config.micromamba_image mambaorg/micromamba:2.6.1-debian12-slim@"
        let base = ImageSpec(name: "b", packages: ["six"], baseImage: "debian:12")
        for (spec, lines) in [
            (ImageSpec(baseImage: "debian:12"), ["base_image debian:12@"]),
            (ImageSpec(packages: ["six"], baseImage: "debian:12"), ["base_image debian:12@", uv]),
            (
                ImageSpec(
                    packages: ["six"], baseImage: "debian:12", builderConfig: ["uv_image": "ghcr.io/a/uv:1"]),
                ["base_image debian:12@", "builder_config.uv_image ghcr.io/a/uv:1@"]
            ),
            (
                ImageSpec(baseImage: "debian:12", builderConfig: ["uv_image": "ghcr.io/a/uv:1"]),
                ["base_image debian:12@"]
            ),
            (
                ImageSpec(condaPackages: ["six"], baseImage: "debian:12"),
                ["base_image debian:12@", micromamba]
            ),
            (
                ImageSpec(packages: ["toml"], baseImage: .spec(base)),
                ["base_image.base_image debian:12@", "base_image.\(uv)", uv]
            ),
        ] {
            let result = try await pins(spec)
            #expect(result.lines == lines)
            #expect(Set(result.asked).count == result.asked.count)
        }
    }

    /// A base image that is written is treated in another way than the one that a Python version stands for.
    @Test(arguments: [
        (ImageSpec(pythonVersion: "3.12", packages: ["six"]), "python:3.12-slim-bookworm"),
        (ImageSpec(name: "a"), "debian:bookworm-slim"),
    ])
    func aBaseThatIsNotGivenIsToldOf(_ spec: ImageSpec, _ reference: String) async throws {
        let found = try await pins(spec).found
        #expect(found.implicit.map(\.reference) == [reference])
        #expect(!found.pins.contains { $0.path == ["base_image"] })
    }

    /// Pinned references are rendered and hashed as they are written, and nothing else changes.
    @Test func aPinnedSpecRendersItsReferences() async throws {
        let base = ImageSpec(name: "b", packages: ["six"], baseImage: "debian:12")
        let spec = ImageSpec(name: "a", packages: ["toml"], baseImage: .spec(base)).forcePush()
        let pins = try await pins(spec).found.pins
        let pinned = try spec.withPins(pins)
        #expect(pinned.isForcePush)
        #expect(try pinned.imageName(in: context) != spec.imageName(in: context))
        #expect(pinned.id != spec.id)
        #expect(try pinned.problems(in: context).isEmpty && spec.withPins([]) == spec)

        let uv = "ghcr.io/astral-sh/uv:0.13.9"
        let text = try ImageSpec.Dockerfile(pinned, in: context).text
        #expect(text.contains("from=\(uv)@\(Self.digest),"))
        #expect(!text.contains("from=\(uv),"))
        guard case .spec(let pinnedBase)? = pinned.baseImage else {
            Issue.record("the base is no spec any more")
            return
        }
        let baseText = try ImageSpec.Dockerfile(pinnedBase, in: context).text
        #expect(baseText.hasPrefix("FROM debian:12@\(Self.digest)\n"))
        #expect(pinnedBase.canonicalIDHolds("debian:12@\(Self.digest)"))
        // What was pinned has nothing left to pin.
        #expect(try await self.pins(pinned).found == ImageSpec.Pins())
    }

    @Test(arguments: [
        "", "sha256:", "sha256:" + String(repeating: "A", count: 64),
        "sha256:" + String(repeating: "0", count: 63),
        digest + "\nRUN true", "md5:" + String(repeating: "0", count: 32),
    ])
    func whatIsNoDigestIsNotWritten(_ text: String) async throws {
        let error = await #expect(throws: ImageSpecError.self) {
            try await ImageSpec(baseImage: "debian:12").pins(in: context) { _ in text }
        }
        #expect(error?.code == .toolFailed)
        #expect(error?.message.hasPrefix("base_image: debian:12: ") == true)
    }

    @Test func anErrorNamesTheField() async throws {
        let error = await #expect(throws: ImageSpecError.self) {
            try await ImageSpec(packages: ["six"], baseImage: .spec(ImageSpec(baseImage: "a:1"))).pins(
                in: context
            ) {
                throw ImageSpecError.invalidOption($0, "no answer")
            }
        }
        #expect(error?.message.hasPrefix("base_image.base_image: ") == true)
    }
}

extension ImageSpec {
    fileprivate func canonicalIDHolds(_ text: String) -> Bool { idDocument.contains("\"\(text)\"") }
}
