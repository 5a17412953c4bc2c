// SPDX-License-Identifier: Apache-2.0

package import ImageSpec
internal import ImageSpecBuilding

/// The annotations of a manifest, which repeat a label of its configuration: to read the label from there takes another
/// request, which many registries redirect to other storage.
package enum ManifestAnnotations {
    /// The digest of the configuration that has the label. Some tools copy the annotations of a base image.
    private static let configuration = "imagespec.config"

    static func json(id: String, configuration digest: ImageSpec.ImageReference.Digest) -> ImageSpec.JSONValue
    {
        [ImageSpec.idLabel: .string(id), configuration: .string("\(digest)")]
    }

    /// The label of the configuration of a manifest; nil if its annotations do not have it.
    package static func label(
        _ name: String, in manifest: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    ) -> String? {
        guard let annotations = manifest["annotations"],
            let digest = manifest["config"]?["digest"]?.string,
            annotations[configuration]?.string == digest
        else { return nil }
        return annotations[name]?.string
    }
}
