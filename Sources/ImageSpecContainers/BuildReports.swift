// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// The digests that an engine writes to files in the temporary directory of a build.
struct BuildReports: Sendable {
    private let scratch: TemporaryDirectory

    static let digestFile = "digest"
    static let imageIDFile = "image-id"
    static let metadataFile = "metadata.json"

    init(_ scratch: TemporaryDirectory) { self.scratch = scratch }

    /// The digest of the image in the engine.
    var imageID: String? { scratch.text(of: Self.imageIDFile) }

    /// The digest of the manifest that was pushed.
    var pushedDigest: String? {
        if let text = scratch.text(of: Self.metadataFile),
            case .object(let metadata)? = try? ImageSpec.JSONValue(json: text),
            case .string(let digest)? = metadata["containerimage.digest"]
        {
            return digest
        }
        return scratch.text(of: Self.digestFile)
    }

    /// The digest in the output of `docker push`, which ends with `1.0: digest: sha256:… size: 1234`.
    static func digest(inOutput lines: [String]) -> String? {
        lines.lazy.reversed().compactMap { line in
            let words = line.split(separator: " ")
            guard let label = words.firstIndex(of: "digest:"), label + 1 < words.count else { return nil }
            return String(words[label + 1])
        }.first
    }
}
