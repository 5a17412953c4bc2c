// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecContainers
import Testing

/// What keeps a spec from being built, as far as that is known without an engine or a registry.
@Suite struct ValidateBuildTests {
    private let context = ImageSpec.Context(
        workingDirectory: "/", hostArchitecture: "x86_64", digestCache: .off)

    @Test(arguments: [
        (ImageSpec(name: "a b"), ["name"]), (ImageSpec(builder: "defualt"), ["builder"]),
        (ImageSpec(registryConfig: "none/nope.json"), ["registry_config"]),
        (ImageSpec(pipSecretMounts: [.init(source: "none/netrc", target: "/a")]), ["pip_secret_mounts[0]"]),
        (ImageSpec(builderOptions: ["engin": "x"]), ["builder_options.engin"]),
        // The options of a builder with a mistake in its name are checked, too.
        (
            ImageSpec(builder: "dokcer", packages: ["six=1"], builderOptions: ["engin": "x"]),
            ["packages[0]", "builder", "builder_options.engin"]
        ),
        (ImageSpec(baseImage: .spec(ImageSpec(builderOptions: ["a": 1]))), ["builder_options.a"]),
    ])
    func everyProblemIsFound(_ spec: ImageSpec, _ fields: [String]) throws {
        let error = try #require(throws: ImageSpecError.self) { try spec.validateBuild(in: context) }
        #expect(error.problems.map { $0.field ?? "" } == fields, "\(error)")
    }

    @Test func aSpecWithoutProblemsPasses() throws {
        try ImageSpec(name: "a", packages: ["six==1.16.0"], builderOptions: ["engine": "docker"])
            .validateBuild(in: context)
    }
}
