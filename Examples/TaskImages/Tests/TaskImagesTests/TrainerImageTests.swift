// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import TaskImages
import Testing

/// Checks to run in CI before a task's image is built.
@Suite struct TrainerImageTests {
    /// The project whose files are in the image, and a fixed architecture, so that the tests do not depend on the host.
    let context = ImageSpec.Context(
        workingDirectory: URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../trainer").standardizedFileURL.path,
        hostArchitecture: "x86_64"
    )

    /// A change to the image, its files or its requirements must change this line, so that reviewers see it.
    @Test func `The image has the recorded name`() throws {
        #expect(try TrainerImage.spec.imageName(in: context) == "ghcr.io/acme/trainer:ef5e500b0010e664")
    }

    /// Code that runs in the image compares this id with the image's id, without reading any files.
    @Test func `The spec has the recorded id`() {
        #expect(
            TrainerImage.spec.id == "1092022abb8b12e2ee1786c3a04f26accf0108bf73d3149b7993f0c5dd203c28")
        #expect(TrainerImage.debugging.id != TrainerImage.spec.id)
    }

    @Test func `An image that is promoted to another registry keeps its tag`() throws {
        let promoted = TrainerImage.spec.withRegistry("registry.example.com/production")
        #expect(try promoted.tag(in: context) == TrainerImage.spec.tag(in: context))
    }

    @Test func `The image can be rendered, and runs as an ordinary user`() throws {
        let dockerfile = try ImageSpec.Dockerfile(TrainerImage.spec, in: context)
        #expect(dockerfile.text.contains("\nUSER flytekit\nENTRYPOINT [\"python\", \"-m\", \"trainer\"]\n"))
    }

    @Test func `Code finds its image by the id of its spec`() throws {
        var images = ImageSpec.ImageConfig(default: "python:3.12-slim")
        images.add(try TrainerImage.spec.imageName(in: context), for: TrainerImage.spec)

        let received = try ImageSpec.ImageConfig(json: images.json)
        #expect(received.imageName(for: TrainerImage.spec) == "ghcr.io/acme/trainer:ef5e500b0010e664")
        #expect(received.imageName(for: TrainerImage.debugging) == nil)
        #expect(received.imageName(for: nil) == "python:3.12-slim")
    }
}
