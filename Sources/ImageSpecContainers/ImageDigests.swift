// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

/// The digests of images in their registries.
package struct ImageDigests: Sendable {
    /// - Parameters:
    ///   - registryConfig: the credentials of a spec, a file or a folder with `config.json`.
    package init(registryConfig: String?, in context: ImageSpec.HashContext) {
    }

    package func digest(of reference: String) async throws -> String {
        throw ImageSpecError(.existenceUnknown, "\(reference): no registry is asked yet")
    }
}
