// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers
@testable import ImageSpecLayers

/// Images are not built on a base image of another platform.
@Suite struct BasePlatformTests {
    @Test(
        arguments: [
            ("linux/amd64", "linux/amd64"), ("linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"), ("linux/arm64/v8", "linux/arm64"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"), ("linux/i386", "linux/386"), ("linux/arm/v7", "linux/arm/v7"),
            ("linux", nil), ("linux/", nil), ("", nil), ("a/b/c/d", nil),
        ] as [(String, String?)])
    func platformsHaveTheNamesOfTheSpecification(_ text: String, _ name: String?) {
        #expect(ImagePlatform(text)?.description == name)
    }

    @Test(
        arguments: [
            ("linux/amd64", "linux/amd64", true), ("linux/amd64", "linux/arm64", false),
            ("linux/arm64/v8", "linux/arm64", true), ("linux/arm64", "linux/arm64/v8", true),
            ("linux/amd64", "windows/amd64", false), ("linux/arm/v7", "linux/arm64", false),
            // Later variants run the programs of earlier ones.
            ("linux/arm/v6", "linux/arm/v7", true), ("linux/arm/v7", "linux/arm/v6", false),
            ("linux/arm/v7", "linux/arm", true), ("linux/arm", "linux/arm/v6", true),
            ("linux/amd64", "linux/amd64/v3", true), ("linux/amd64/v3", "linux/amd64", false),
            ("linux/arm64/v9", "linux/arm64", false), ("linux/ppc64le/power9", "linux/ppc64le", true),
        ])
    func variantsAreCompared(_ base: String, _ wanted: String, _ runs: Bool) throws {
        #expect(try #require(ImagePlatform(base)).runs(on: try #require(ImagePlatform(wanted))) == runs)
    }

    /// The commands of a build with buildah, or its error.
    private func build(
        _ spec: ImageSpec, baseImageName: String? = nil, available: [String]?
    ) async throws -> (commands: [String], error: ImageSpecError?, asked: [String]) {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/bin/buildah", mode: 0o755)
            let fake = FakeRunner { command in
                .output(command.arguments == ["--version"] ? "buildah version 1.28.2" : "")
            }
            let asked = Mutex<[String]>([])
            var registry = RegistryImages(existence: { _, _ in .absent }, specID: { _, _, _ in nil })
            registry.platforms = { image, _ in
                asked.withLock { $0.append(image) }
                return available.map { $0.compactMap(ImagePlatform.init) }
            }
            let builder = ImageSpec.ContainerBuilder(
                engine: .buildah, runner: fake.runner, folders: [folder + "/bin"], registry: registry)
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let request = ImageSpec.BuildRequest(
                spec: spec, imageName: try spec.imageName(in: context), baseImageName: baseImageName,
                context: context, policy: .init())
            var error: ImageSpecError?
            do {
                _ = try await builder.build(request)
            } catch let thrown as ImageSpecError {
                error = thrown
            }
            let commands = fake.commands.compactMap(\.arguments.first).filter {
                ["build", "push"].contains($0)
            }
            return (commands, error, asked.withLock { $0 })
        }
    }

    @Test(
        arguments: [
            ("linux/arm64", ["linux/amd64"], "linux/arm64"),
            ("linux/amd64,linux/arm64,linux/s390x", ["linux/amd64", "linux/arm64"], "linux/s390x"),
            ("linux/arm64", ["linux/amd64", "linux/arm64/v8"], nil), ("linux/arm64", [], nil),
            ("linux/arm64", nil, nil),
        ] as [(String, [String]?, String?)])
    func aBaseImageWithoutThePlatformIsRefused(
        _ platform: String, _ available: [String]?, _ missing: String?
    ) async throws {
        let spec = ImageSpec(name: "a", registry: "r.io", baseImage: "base.io/b:1", platform: platform)
        let seen = try await build(spec, available: available)
        #expect(seen.asked == ["base.io/b:1"])
        if let missing {
            #expect(seen.commands == [])
            #expect(seen.error?.code == .unsupportedField)
            #expect(seen.error?.problems.first?.field == "platform")
            #expect(
                seen.error?.message.contains("not available for \(missing), only for linux/amd64") == true)
        } else {
            #expect(seen.error == nil)
            #expect(seen.commands.first == "build")
        }
    }

    /// A base image that only this machine has is in no registry, and the official images have all platforms.
    @Test func onlyBaseImagesOfRegistriesAreLookedUp() async throws {
        let local = ImageSpec(name: "a", registry: "r.io", baseImage: .spec(ImageSpec(name: "base")))
        #expect(try await build(local, baseImageName: "base:1", available: []).asked == [])
        let none = ImageSpec(name: "a", registry: "r.io")
        #expect(try await build(none, available: []).asked == [])
        let pushed = ImageSpec(
            name: "a", registry: "r.io", baseImage: .spec(ImageSpec(name: "base", registry: "r.io")))
        #expect(try await build(pushed, baseImageName: "r.io/base:1", available: []).asked == ["r.io/base:1"])
    }
}
