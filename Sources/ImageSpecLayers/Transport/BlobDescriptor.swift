// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

/// A reference to content by its digest: a layer, a configuration or a manifest.
///
/// Source: OCI image specification 1.1, descriptors.
package struct BlobDescriptor: Hashable, Sendable {
    package var mediaType: String
    package var digest: ImageSpec.ImageReference.Digest
    /// In bytes.
    package var size: Int

    package init(mediaType: String, digest: ImageSpec.ImageReference.Digest, size: Int) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
    }
}

/// A manifest or an index: its bytes, which determine its digest, and their media type.
package struct StoredManifest: Hashable, Sendable {
    package var mediaType: String
    package var bytes: [UInt8]

    package init(mediaType: String, bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }

    /// SHA-256 of the bytes.
    package var digest: ImageSpec.ImageReference.Digest { ImageSpec.ImageReference.Digest(of: bytes) }
}
