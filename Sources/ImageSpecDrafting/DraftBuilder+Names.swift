// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The name of the image, where it is stored, and its tag.
extension DraftBuilder {
    mutating func addNames() {
        let candidates = [
            (project.pyproject?.name, "The project's name in pyproject.toml"),
            (project.conda?.environment.name, "The environment's name in \(project.conda?.file ?? "")"),
            (project.name, "The directory's name"),
        ]
        let found = candidates.lazy.compactMap { name, source in
            name.flatMap(Self.imageName).map { ($0, source) }
        }.first
        if let (name, source) = found {
            add("name", .text(name), because: ["\(source), in the form of an image name."])
        } else {
            add(
                "name", .text("image"),
                because: ["No name was found that is a valid image name; choose one."])
        }
        add(
            "registry", nil,
            because: [
                "The registry to push the image to. Without it, the image stays on the machine that builds it."
            ],
            example: "ghcr.io/acme")
        // Kubernetes limits labels to 63 characters, and YAML reads a tag of digits only as a number.
        add(
            "tag_format", .text("sha-{spec_hash:.16}"),
            because: [
                "The tag is the first 16 digits of the content digest, and also a valid label in Kubernetes. Without tag_format, it is all 64 digits."
            ])
    }

    /// Lower-case letters and digits, with a hyphen in place of everything between them; `nil` if nothing is left.
    private static func imageName(_ text: String) -> String? {
        let name = text.utf8.prefix(100).split { !$0.isASCIILetterOrDigit }
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        return name.isEmpty ? nil : name.asciiLowercased
    }
}
