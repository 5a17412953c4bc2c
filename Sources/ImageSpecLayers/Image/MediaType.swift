// SPDX-License-Identifier: Apache-2.0

/// The media types of images.
///
/// Source: OCI image specification 1.1, media types; Docker image manifest, version 2, schema 2.
enum MediaType {
    static let index = "application/vnd.oci.image.index.v1+json"
    static let manifest = "application/vnd.oci.image.manifest.v1+json"
    static let configuration = "application/vnd.oci.image.config.v1+json"
    static let layer = "application/vnd.oci.image.layer.v1.tar+gzip"

    static let dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json"
    static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

    /// The type of a layer in an OCI manifest. Layers of both formats have the same bytes.
    static func layer(for type: String) -> String {
        switch type {
        case "application/vnd.docker.image.rootfs.diff.tar.gzip": layer
        case "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar"
        default: type
        }
    }
}
