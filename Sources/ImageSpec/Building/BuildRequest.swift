// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// The request of a ``BuildEngine`` to a ``Builder`` for the image of one spec.
    public struct BuildRequest: Sendable {
        /// The spec. Its base image exists when the image is requested.
        public var spec: ImageSpec { didSet { contents = nil } }
        /// The requested image name.
        public var imageName: String
        /// The actual name of the base image if the base is a spec; otherwise `nil`.
        public var baseImageName: String?
        /// The context of relative paths in the spec.
        public var context: Context { didSet { contents = nil } }
        /// Determines when to build and whether to push.
        public var policy: BuildPolicy
        /// Receives build events, on any thread.
        public var report: @Sendable (BuildEvent) -> Void
        /// The files of the spec as they were read for its name, with the entries of its trees; nil: not read yet.
        var contents: ResolvedInputs?

        /// Creates a request.
        public init(
            spec: ImageSpec, imageName: String, baseImageName: String? = nil, context: Context,
            policy: BuildPolicy, report: @escaping @Sendable (BuildEvent) -> Void = { _ in }
        ) {
            self.spec = spec
            self.imageName = imageName
            self.baseImageName = baseImageName
            self.context = context
            self.policy = policy
            self.report = report
        }

        /// The Dockerfile of the spec, and the files that it copies.
        ///
        /// In a request of a ``BuildEngine``, uses the files as they were read for the name, without reading them again.
        /// Otherwise, or if the spec or the context was changed, reads all files.
        /// - Throws: the errors of ``BuildContext/init(_:in:baseImageName:)``.
        public func buildContext() throws(ImageSpecError) -> BuildContext {
            guard let contents else {
                return try BuildContext(spec, in: context, baseImageName: baseImageName)
            }
            // An engine lets the builders of bases look at these.
            try spec.validate(as: .dockerfile, in: context, withBases: false)
            return try BuildContext(spec, contents, in: context, baseImageName: baseImageName)
        }

        /// Whether the image is built even if it exists.
        public var isForcePush: Bool { policy.isForcePush || spec.isForcePush }

        /// Whether the image is pushed to a registry.
        public var isPushed: Bool { policy.pushes && spec.registry.nonEmpty != nil }
    }

    /// The result of a build.
    public struct BuildResult: Hashable, Sendable {
        /// How the image was obtained.
        public enum Outcome: String, Hashable, Sendable, CaseIterable {
            /// It was built.
            case built
            /// It already existed.
            case found
            /// It is assumed to exist, because this could not be determined.
            case assumed
            /// Not checked, because this process is a task execution.
            case skipped
        }

        /// The actual name of the image.
        public var imageName: String
        /// How the image was obtained.
        public var outcome: Outcome
        /// The digest of the manifest in the registry, or of the local image if there is no registry. `nil` if it is
        /// unknown.
        public var digest: String?
        /// The container engine that built or found it, such as `buildah 1.28.2`. `nil` if none was used.
        public var engine: String?
        /// The duration of the build, without base images.
        public var duration: Duration

        /// Creates a result.
        public init(
            imageName: String, outcome: Outcome, digest: String? = nil, engine: String? = nil,
            duration: Duration = .zero
        ) {
            self.imageName = imageName
            self.outcome = outcome
            self.digest = digest
            self.engine = engine
            self.duration = duration
        }
    }

    /// An event during a build.
    public enum BuildEvent: Hashable, Sendable {
        /// An image is being built by a container engine.
        case started(imageName: String, engine: String)
        /// A line of output of the container engine. A ``BuildEngine`` fills in the image if the builder does not.
        case output(line: String, imageName: String? = nil)
        /// A warning for the user.
        case warning(String)
        /// An image was built or found. The name is the requested one; the builder may have used another one.
        case finished(imageName: String, result: BuildResult)
        /// The build of an image failed, with the reason of the error.
        case failed(imageName: String, reason: String)
        /// An image of a graph was not built, because its base image failed.
        case notBuilt(imageName: String, base: String)

        /// The event of an image, which is named in it.
        func about(_ imageName: String) -> BuildEvent {
            if case .output(let line, nil) = self { .output(line: line, imageName: imageName) } else { self }
        }
    }
}

extension ImageSpec {
    /// The label of an image that carries the id of its spec.
    package static var idLabel: String { RenderingConstants.idLabel }
}
