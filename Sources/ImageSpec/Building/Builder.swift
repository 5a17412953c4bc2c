// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Makes the image of a spec.
    ///
    /// Source: flytekit `ImageSpecBuilder`.
    public protocol Builder: Sendable {
        /// Whether the image has to be built: false where it exists already, as far as this builder can tell.
        ///
        /// The default is true.
        func shouldBuild(_ spec: ImageSpec) async throws -> Bool

        /// Builds the image and returns the name under which it really lies; nil means that of ``ImageSpec/imageName()``.
        ///
        /// A base image that is a spec is built before.
        func build(_ spec: ImageSpec) async throws -> String?

        /// What a ``BuildEngine`` calls: provides the image, built or found.
        ///
        /// The default asks ``shouldBuild(_:)``, unless the build is forced, and then ``build(_:)``. A builder that needs to
        /// know where paths count from, what the base image is really called or whether to push implements this too.
        func image(for request: BuildRequest) async throws -> BuildResult

        /// Finds what will keep the image from being built, as far as the spec and its files tell.
        ///
        /// Called for a spec and its bases before the first of them is built. The name of the base image is then that which
        /// it is to have. The default finds nothing.
        func check(_ request: BuildRequest) async throws
    }

    /// Writes a Dockerfile and what it copies, and leaves the building to others: to look at, to check in, to hand to
    /// any tool that builds Dockerfiles.
    ///
    /// The image of a base that is a spec is named in it and has to be built before, from a context of its own.
    public struct DockerfileBuilder: Builder {
        /// Where the build context goes; see ``BuildContext/write(to:)``.
        public let directory: String
        /// Where relative paths of specs count from, unless a ``BuildEngine`` asks, which says so itself; nil: from that of
        /// the process at the time.
        public let context: Context?

        /// A builder that writes to a folder, which is empty or does not exist yet in one that does.
        public init(directory: String, context: Context? = nil) {
            self.directory = directory
            self.context = context
        }

        /// Writes the build context and returns the image name that belongs to it. Blocks a thread while it does.
        @concurrent
        public func build(_ spec: ImageSpec) async throws -> String? {
            let buildContext = try BuildContext(spec, in: context ?? .current)
            let name = try buildContext.identity.imageName()
            try buildContext.write(to: directory)
            return name
        }

        /// Writes the build context of the request: with the name of its base image, in its surroundings.
        @concurrent
        public func image(for request: BuildRequest) async throws -> BuildResult {
            try request.buildContext().write(to: directory)
            return BuildResult(imageName: request.imageName, outcome: .built)
        }

        /// Renders the spec.
        @concurrent
        public func check(_ request: BuildRequest) async throws { _ = try request.buildContext() }
    }

    /// Builds nothing: the image is the base image, which exists.
    ///
    /// Source: flytekit `NoOpBuilder`.
    public struct NoopBuilder: Builder {
        /// The builder; it has no state.
        public init() {}

        /// Returns the base image.
        /// - Throws: ``ImageSpecError/Code/unsupportedField`` where that is not a reference.
        public func build(_ spec: ImageSpec) async throws -> String? {
            if let problem = spec.noopProblem { throw problem }
            guard case .reference(let reference) = spec.baseImage else { return nil }
            return reference
        }

        /// Finds the base image.
        public func image(for request: BuildRequest) async throws -> BuildResult {
            BuildResult(imageName: try await build(request.spec) ?? request.imageName, outcome: .found)
        }

        /// Looks whether the base image is a reference.
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
    /// True: the image has to be built.
    public func shouldBuild(_ spec: ImageSpec) async throws -> Bool { true }

    /// Finds nothing.
    public func check(_ request: ImageSpec.BuildRequest) async throws {}

    /// Builds where ``shouldBuild(_:)`` says so or the build is forced.
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
    /// Builds nothing: the image is the base image.
    public static var noop: ImageSpec.NoopBuilder { ImageSpec.NoopBuilder() }
}
