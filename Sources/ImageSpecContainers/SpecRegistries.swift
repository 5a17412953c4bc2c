// SPDX-License-Identifier: Apache-2.0

package import ImageSpec
package import ImageSpecBuilding

/// What registries have, asked with the credentials of a spec.
package struct SpecRegistries: Sendable {
    private let client: ImageSpec.RegistryClient

    /// - Throws: ``ImageSpecError/Code/missingInput`` if the file of `registry_config` does not exist.
    package init(of spec: ImageSpec, in context: ImageSpec.Context) throws(ImageSpecError) {
        client = RegistryClients.shared[try RegistryConfiguration.file(of: spec, in: context)]
    }

    /// Finds out whether the credentials of a spec can be read.
    /// - Throws: ``ImageSpecError/Code/missingInput`` if the file of `registry_config` does not exist.
    package static func check(_ spec: ImageSpec, in context: ImageSpec.Context) throws(ImageSpecError) {
        _ = try RegistryConfiguration.file(of: spec, in: context)
    }

    /// The digest of an image.
    /// - Throws: the errors of `RegistryClient.digest(of:)`.
    package func digest(of reference: String) async throws -> String {
        try await client.digest(of: reference)
    }

    /// Whether an image is there.
    package func existence(of reference: String) async -> ImageSpec.Existence {
        await client.existence(of: reference)
    }
}
