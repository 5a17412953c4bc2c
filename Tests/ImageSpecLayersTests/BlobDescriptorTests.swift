// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecLayers
import Testing

@Suite struct BlobDescriptorTests {
    @Test func theDigestOfAManifestIsThatOfItsBytes() {
        let manifest = StoredManifest(
            mediaType: "application/vnd.oci.image.manifest.v1+json", bytes: Array("{}".utf8))
        #expect(
            manifest.digest.description
                == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    }
}
