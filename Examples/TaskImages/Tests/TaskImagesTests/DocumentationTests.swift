// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import TaskImages
import Testing

/// The programs of the documentation's articles, word for word.
@Suite struct DocumentationTests {
    @Test func `A spec has a name and a Dockerfile`() throws {
        let spec = ImageSpec(
            name: "trainer", pythonVersion: "3.12", registry: "ghcr.io/acme",
            packages: ["numpy==2.1.3"], aptPackages: ["git"]
        )
        let name = try spec.imageName()
        let dockerfile = try ImageSpec.Dockerfile(spec).text

        #expect(name == "ghcr.io/acme/trainer:" + (try spec.tag))
        #expect(dockerfile.contains("numpy==2.1.3"))
    }

    @Test func `A context says where paths count from`() throws {
        let project = TrainerImageTests().context.workingDirectory

        let context = ImageSpec.HashContext(workingDirectory: project, hostArchitecture: "x86_64")
        let tag = try TrainerImage.spec.tag(in: context)

        #expect(tag == "40dc9e5b05e537b0")
    }

    /// Has images built by a service that is given their names.
    struct RemoteBuilder: ImageSpec.Builder {
        let request: @Sendable (_ name: String, _ dockerfile: String) async throws -> Void

        func build(_ spec: ImageSpec) async throws -> String? {
            let name = try spec.imageName()
            try await request(name, ImageSpec.Dockerfile(spec).text)
            return name
        }
    }

    @Test func `A builder of one's own builds`() async throws {
        let spec = ImageSpec(packages: ["six"])
        let expected = try spec.imageName()
        let builder = RemoteBuilder { name, dockerfile in
            #expect(name == expected)
            #expect(dockerfile.hasPrefix("FROM "))
        }
        #expect(try await builder.shouldBuild(spec))
        #expect(try await builder.build(spec) == expected)
    }

    @Test func `A spec has the names that flytekit gives it`() throws {
        let spec = ImageSpec(name: "trainer", registry: "ghcr.io/acme", packages: ["numpy==2.1.3"])
        let name = try spec.imageName(scheme: .flytekit)
        let id = try spec.id(scheme: .flytekit)

        #expect(name == "ghcr.io/acme/trainer:qdSa0yn77g_eamO5yKwAmg")
        #expect(id == "qdSa0yn77g-eamO5yKwAmg")
    }

    @Test func `A spec is completed from the settings of a registration`() throws {
        let spec = ImageSpec(name: "trainer", packages: ["numpy==2.1.3"])
        let settings = ImageSpec.RegistrationSettings(sourceRoot: "src", isFastRegistration: false)
        let registered = spec.withSourceCopy(for: settings).withPackages("pandas==2.2.3").forcePush()

        #expect(registered.sourceRoot == "src")
        #expect(registered.sourceCopyMode == .loadedModules)
        #expect(registered.isForcePush)
        #expect(spec.sourceRoot == nil)
    }
}
