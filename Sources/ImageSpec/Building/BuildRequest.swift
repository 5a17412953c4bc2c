// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// What a ``BuildEngine`` asks of a ``Builder``: the image of one spec, with all that is known about it by then.
    public struct BuildRequest: Sendable {
        /// The spec. Its base image exists once the image is asked for.
        public var spec: ImageSpec { didSet { contents = nil } }
        /// The name that the image is to have.
        public var imageName: String
        /// The name under which the image of a base that is a spec really lies; nil for a base that is none.
        public var baseImageName: String?
        /// Where relative paths of the spec count from.
        public var context: Context { didSet { contents = nil } }
        /// When to build, and whether to push.
        public var policy: BuildPolicy
        /// Is told what happens, from any thread.
        public var report: @Sendable (BuildEvent) -> Void
        /// The files of the spec as they were read for its name, with the entries of its trees; nil: not read yet.
        var contents: ResolvedInputs?

        /// A request.
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
        /// In a request of a ``BuildEngine``, of the files as they were read for the name: none is read again before it is
        /// written. Otherwise, and where the spec or the context was changed, reads them all.
        /// - Throws: the errors of ``BuildContext/init(_:in:baseImageName:)``.
        public func buildContext() throws(ImageSpecError) -> BuildContext {
            guard let contents else {
                return try BuildContext(spec, in: context, baseImageName: baseImageName)
            }
            // An engine lets the builders of bases look at these.
            try spec.validate(as: .dockerfile, in: context, withBases: false)
            return try BuildContext(spec, contents, in: context, baseImageName: baseImageName)
        }

        /// Whether the image is built even where it exists.
        public var isForcePush: Bool { policy.isForcePush || spec.isForcePush }

        /// Whether the image goes to a registry.
        public var isPushed: Bool { policy.pushes && spec.registry.nonEmpty != nil }
    }

    /// What became of a build.
    public struct BuildResult: Hashable, Sendable {
        /// How there comes to be an image.
        public enum Outcome: String, Hashable, Sendable, CaseIterable {
            /// It was built.
            case built
            /// It was there.
            case found
            /// It is taken to be there, because nobody can tell.
            case assumed
            /// Nobody asked, because this process is an execution.
            case skipped
        }

        /// The name under which the image really lies.
        public var imageName: String
        /// How there comes to be one.
        public var outcome: Outcome
        /// The digest of its manifest in the registry, or of the local image where there is no registry; nil where it is
        /// not known.
        public var digest: String?
        /// The container engine that built or found it, as in `buildah 1.28.2`; nil where there was none.
        public var engine: String?
        /// The time that it took, without its base images.
        public var duration: Duration

        /// A result.
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

    /// What happens while images are built.
    public enum BuildEvent: Hashable, Sendable {
        /// An image is being built by a container engine.
        case started(imageName: String, engine: String)
        /// A line that the container engine printed for an image. A builder need not name that: a ``BuildEngine`` does.
        case output(line: String, imageName: String? = nil)
        /// Something that the user should know.
        case warning(String)
        /// There is an image; the name is that which it was to have, and its builder may have given it another one.
        case finished(imageName: String, result: BuildResult)
        /// There is no image, because its build failed. The reason is that of the error.
        case failed(imageName: String, reason: String)
        /// There is no image of a graph, because one that it is based on failed.
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
