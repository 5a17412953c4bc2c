// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

/// What registries have, asked with the credentials of a spec.
package struct SpecRegistries: Sendable {
    /// - Throws: ``ImageSpecError/Code/missingInput`` where `registry_config` names no file.
    package init(of spec: ImageSpec, in context: ImageSpec.HashContext) throws(ImageSpecError) {
    }

    /// The digest of an image.
    package func digest(of reference: String) async throws -> String {
        throw ImageSpecError(.existenceUnknown, "\(reference): no registry is asked yet")
    }

    /// Whether an image is there.
    package func existence(of reference: String) async -> ImageSpec.Existence {
        .unknown(reason: "\(reference): no registry is asked yet")
    }
}
