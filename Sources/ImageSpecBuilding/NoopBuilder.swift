// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// Builds nothing and returns the existing base image.
    ///
    /// Source: flytekit `NoOpBuilder`.
    public struct NoopBuilder: Builder {
        /// Creates the builder.
        public init() {}

        /// Returns the base image, also if the build is forced.
        /// - Throws: ``ImageSpecError/Code/unsupportedField`` if it is not a reference.
        public func build(_ request: BuildRequest) async throws -> BuildResult {
            let reference = try request.spec.noopImage
            return try await request.ensureImage(
                inspect: { Inspection(.present(digest: nil), imageName: reference) },
                build: { BuildResult(imageName: reference, outcome: .found) })
        }

        /// Checks that the base image is a reference.
        public func check(_ request: BuildRequest) async throws { _ = try request.spec.noopImage }
    }

    /// The image of the builder `noop`.
    package var noopImage: String {
        get throws(ImageSpecError) {
            if case .reference(let reference) = baseImage, !reference.isEmpty { return reference }
            throw .noopNeedsReference
        }
    }
}

extension ImageSpec.Builder where Self == ImageSpec.NoopBuilder {
    /// Builds nothing and returns the base image.
    public static var noop: ImageSpec.NoopBuilder { ImageSpec.NoopBuilder() }
}
