// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// The result of looking for an image before it is built.
    public struct Inspection: Hashable, Sendable {
        /// Whether the image exists.
        public var existence: Existence
        /// The actual name of the image. If `nil`, it is the requested name.
        public var imageName: String?
        /// The id of the spec in the label of the image. `nil` if it is unknown.
        public var specID: String?
        /// The container engine that was asked, such as `buildah 1.28.2`. `nil` if none was used.
        public var engine: String?

        /// Creates a result.
        public init(
            _ existence: Existence, imageName: String? = nil, specID: String? = nil, engine: String? = nil
        ) {
            self.existence = existence
            self.imageName = imageName
            self.specID = specID
            self.engine = engine
        }
    }
}

extension ImageSpec.BuildRequest {
    /// Returns the image if it exists, and builds it otherwise.
    ///
    /// | | |
    /// |---|---|
    /// | this process is a task execution | neither function is called |
    /// | the build is forced | `build` |
    /// | absent | `build` |
    /// | present | the image; a warning if its label has the id of another spec |
    /// | unknown | an error, or the image with a warning, depending on the policy |
    ///
    /// - Parameters:
    ///   - inspect: looks for the image.
    ///   - build: builds the image.
    /// - Returns: the image that was found, or the result of `build`.
    /// - Throws: the errors of both functions; ``ImageSpecError/Code/existenceUnknown``; `CancellationError`.
    public func ensureImage(
        inspect: () async throws -> ImageSpec.Inspection, build: () async throws -> ImageSpec.BuildResult
    ) async throws -> ImageSpec.BuildResult {
        if policy.isInsideExecution { return ImageSpec.BuildResult(imageName: imageName, outcome: .skipped) }
        if isForcePush { return try await build() }
        let inspection = try await inspect()
        try Task.checkCancellation()
        var result = ImageSpec.BuildResult(
            imageName: inspection.imageName ?? imageName, outcome: .found, engine: inspection.engine)
        switch try policy.decision(for: imageName, inspection.existence) {
        case .build: return try await build()
        case .assume(let warning):
            report(.warning(warning))
            result.outcome = .assumed
        case .use:
            if case .present(let digest) = inspection.existence { result.digest = digest }
            if let specID = inspection.specID, specID != spec.id { report(.warning(otherSpec(specID))) }
        }
        return result
    }

    private func otherSpec(_ specID: String) -> String {
        "\(imageName) exists, and was built from a spec with another id (\(specID.onOneLine(limit: 80))), such as one that "
            + "writes its paths in another way; this matters only to code in the image that calls isContainer(), which "
            + "returns false for this spec; to replace the image, force the build"
    }
}

extension ImageSpec {
    /// The label of an image that carries the id of its spec.
    package static var idLabel: String { RenderingConstants.idLabel }
}
