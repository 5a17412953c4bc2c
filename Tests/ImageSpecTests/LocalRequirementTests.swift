// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// What of a requirements file is on the machine alone, and where that matters.
@Suite struct LocalRequirementTests {
    @Test(arguments: [
        "-e .", "-e.", "-e ./pkg", "-e \".[dev]\"", "-e '../my pkg'", "--editable .", "--editable=pkg",
        "-e pkg",
        "-e file:///srv/pkg", "-e git+file:///srv/pkg", ".", "./x.whl", "../pkg[extra]",
        ".[dev]; python_version > '3'",
        "wheels/x-1.0-py3-none-any.whl", "x-1.0-py3-none-any.whl", "x-1.0.tar.gz", "/srv/x.whl", "~/x.whl",
        "file:./x.whl", "FILE:///srv/x.whl#sha256=0", "git+file:///srv/pkg@main", "x @ file:///srv/x.whl",
        "x@file:./x.whl", "x[a] @ ./x.whl", "-r file:///srv/r.txt", "--constraint=file:c.txt", "./a@b.whl",
    ])
    func isOfThisMachine(_ line: String) { #expect(LocalRequirement.isLocal(line)) }

    @Test(arguments: [
        "numpy", "numpy==1.26", "a>=1,<2; platform_machine == 'x/y'", "requests[security]~=2.0",
        "zope.interface",
        "-e git+https://example.com/a/b@main#egg=b", "--editable=git+ssh://git@example.com/a/b", "-e",
        "-e ${PROJECT}", "${WHEELS}/x.whl", "https://example.com/x-1.0.whl",
        "x @ https://example.com/x.tar.gz",
        "x@git+https://example.com/a/b@1.0", "git+https://example.com/a/b", "-r base.txt", "-c ./c.txt",
        "-r https://example.com/r.txt", "--index-url https://example.com/simple", "--find-links ./wheels",
        "--extra-index-url=file", "a==1.0 --hash=sha256:ab/cd", "--editable-mode x", "a!=1.0",
    ])
    func isNot(_ line: String) { #expect(!LocalRequirement.isLocal(line)) }

    /// Where a base image may hold the project, nobody can tell that the line is wrong; and a name has no opinion.
    @Test(arguments: ["-e .\nnumpy\n", "numpy\n\n./x.whl  # ours\n", "-r more.txt\n"])
    func whatIsOfThisMachineIsRefusedWithoutABaseImage(_ text: String) throws {
        let project = try RenderingProject()
        try project.write("r.txt", text)
        try project.write("more.txt", "a @ \\\n file:///srv/a.whl\n")
        let spec = ImageSpec(requirements: "r.txt")
        _ = try spec.imageName(in: project.context)
        for render in [
            { _ = try ImageSpec.Dockerfile(spec, in: project.context) },
            { _ = try ImageSpec.BuildContext(spec, in: project.context) },
            { try spec.validate(in: project.context) },
        ] as [() throws -> Void] {
            let error = #expect(throws: ImageSpecError.self) { try render() }
            #expect(error?.code == .invalidRequirements)
            #expect(error?.message.contains("base_image") == true)
        }
        for base in [ImageSpec.BaseImage.reference("ghcr.io/acme/base:1"), .spec(ImageSpec())] {
            try ImageSpec(requirements: "r.txt", baseImage: base).validate(in: project.context)
        }
    }
}
