// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// Provides the images of specs.
    ///
    /// Source: flytekit `ImageSpecBuilder`.
    public protocol Builder: Sendable {
        /// Returns the image of a request, which it builds or finds.
        ///
        /// The base image, if it is a spec, exists. ``BuildRequest/ensureImage(inspect:build:)`` decides whether to build.
        func build(_ request: BuildRequest) async throws -> BuildResult

        /// Throws if the spec or its files prevent the image from being built.
        ///
        /// Called for a spec and its bases before the first of them is built. The base image then has its requested name.
        /// The default does nothing.
        func check(_ request: BuildRequest) async throws
    }
}

extension ImageSpec.Builder {
    /// Does nothing.
    public func check(_ request: ImageSpec.BuildRequest) async throws {}

    /// Returns the image of a spec, without a ``ImageSpec/BuildEngine``.
    ///
    /// Reads all files. A base image that is a spec must exist under its ``ImageSpec/imageName()``; it is not built.
    /// - Parameters:
    ///   - spec: the spec.
    ///   - context: the context of its relative paths. Defaults to the context of this process.
    ///   - policy: when to build and whether to push. Defaults to the policy in the environment of this process.
    ///   - report: receives build events, on any thread.
    /// - Returns: the image, built or found.
    /// - Throws: the errors of ``ImageSpec/imageName(in:)`` and those of the builder.
    @concurrent @discardableResult
    public func build(
        _ spec: ImageSpec, in context: ImageSpec.Context = .current,
        policy: ImageSpec.BuildPolicy = .current,
        report: @escaping @Sendable (ImageSpec.BuildEvent) -> Void = { _ in }
    ) async throws -> ImageSpec.BuildResult {
        try await build(ImageSpec.BuildRequest(spec, in: context, policy: policy, report: report))
    }
}
