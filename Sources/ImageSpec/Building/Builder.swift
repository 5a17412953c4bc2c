// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Builds the image of a spec.
    ///
    /// Source: flytekit `ImageSpecBuilder`.
    public protocol Builder: Sendable {
        /// Returns whether the image must be built: `false` if the builder knows that it exists.
        ///
        /// Defaults to `true`.
        func shouldBuild(_ spec: ImageSpec) async throws -> Bool

        /// Builds the image and returns its actual name. If `nil`, the name is ``ImageSpec/imageName()``.
        ///
        /// A base image that is a spec has already been built.
        func build(_ spec: ImageSpec) async throws -> String?

        /// Provides the image, built or found. Called by a ``BuildEngine``.
        ///
        /// The default calls ``shouldBuild(_:)``, unless the build is forced, and then ``build(_:)``. Implement this in a
        /// builder that needs the context, the actual name of the base image, or the build policy.
        func image(for request: BuildRequest) async throws -> BuildResult

        /// Throws if the spec or its files prevent the image from being built.
        ///
        /// Called for a spec and its bases before the first of them is built. The base image then has its requested name.
        /// The default does nothing.
        func check(_ request: BuildRequest) async throws
    }

    /// Writes a Dockerfile and the files that it copies, without building them. The result can be reviewed, committed or
    /// built with any tool that builds Dockerfiles.
    ///
    /// The Dockerfile refers to a base image that is a spec by name. That image must be built first, from its own context.
    public struct DockerfileBuilder: Builder {
        /// The directory of the build context; see ``BuildContext/write(to:)``.
        public let directory: String
        /// The context of relative paths, unless a ``BuildEngine`` provides one. If `nil`, the context of the process at
        /// the time.
        public let context: Context?

        /// Creates a builder that writes to a directory. It must be empty or not exist; its parent must exist.
        public init(directory: String, context: Context? = nil) {
            self.directory = directory
            self.context = context
        }

        /// Writes the build context and returns its image name. Blocks the thread.
        @concurrent
        public func build(_ spec: ImageSpec) async throws -> String? {
            let buildContext = try BuildContext(spec, in: context ?? .current)
            let name = try buildContext.identity.imageName()
            try buildContext.write(to: directory)
            return name
        }

        /// Writes the build context of the request.
        @concurrent
        public func image(for request: BuildRequest) async throws -> BuildResult {
            try request.buildContext().write(to: directory)
            return BuildResult(imageName: request.imageName, outcome: .built)
        }

        /// Renders the spec.
        @concurrent
        public func check(_ request: BuildRequest) async throws { _ = try request.buildContext() }
    }

    /// Builds nothing and returns the existing base image.
    ///
    /// Source: flytekit `NoOpBuilder`.
    public struct NoopBuilder: Builder {
        /// Creates the builder.
        public init() {}

        /// Returns the base image.
        /// - Throws: ``ImageSpecError/Code/unsupportedField`` if it is not a reference.
        public func build(_ spec: ImageSpec) async throws -> String? {
            if let problem = spec.noopProblem { throw problem }
            guard case .reference(let reference) = spec.baseImage else { return nil }
            return reference
        }

        /// Returns the base image.
        public func image(for request: BuildRequest) async throws -> BuildResult {
            BuildResult(imageName: try await build(request.spec) ?? request.imageName, outcome: .found)
        }

        /// Checks that the base image is a reference.
        public func check(_ request: BuildRequest) async throws { _ = try await build(request.spec) }
    }
}

extension ImageSpec {
    /// Why the builder `noop` has no image for a spec; `nil` if it has one.
    package var noopProblem: ImageSpecError? {
        guard case .reference(let reference) = baseImage, !reference.isEmpty else {
            return .noopNeedsReference
        }
        return nil
    }
}

extension ImageSpec.Builder {
    /// Returns `true`.
    public func shouldBuild(_ spec: ImageSpec) async throws -> Bool { true }

    /// Does nothing.
    public func check(_ request: ImageSpec.BuildRequest) async throws {}

    /// Builds if ``shouldBuild(_:)`` returns `true` or the build is forced.
    public func image(for request: ImageSpec.BuildRequest) async throws -> ImageSpec.BuildResult {
        if !request.isForcePush {
            guard try await shouldBuild(request.spec) else {
                return ImageSpec.BuildResult(imageName: request.imageName, outcome: .found)
            }
        }
        let name = try await build(request.spec)
        return ImageSpec.BuildResult(imageName: name ?? request.imageName, outcome: .built)
    }
}

extension ImageSpec.Builder where Self == ImageSpec.NoopBuilder {
    /// Builds nothing and returns the base image.
    public static var noop: ImageSpec.NoopBuilder { ImageSpec.NoopBuilder() }
}
