// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// A request to a ``Builder`` for the image of one spec.
    public struct BuildRequest: Sendable {
        /// The spec. Its base image exists when the image is requested.
        public let spec: ImageSpec
        /// The requested image name.
        public let imageName: String
        /// The context of relative paths in the spec.
        public let context: Context
        /// The actual name of the base image if the base is a spec; otherwise `nil`.
        public var baseImageName: String?
        /// Determines when to build and whether to push.
        public var policy: BuildPolicy
        /// Receives build events, on any thread.
        public var report: @Sendable (BuildEvent) -> Void
        /// The files of the spec as they were read for its name, with the entries of its trees. If `nil`, they were not read.
        let inputs: ResolvedInputs?

        /// Creates a request for an image that has been named. Reads no files.
        public init(
            spec: ImageSpec, imageName: String, baseImageName: String? = nil, context: Context,
            policy: BuildPolicy, report: @escaping @Sendable (BuildEvent) -> Void = { _ in }
        ) {
            self.init(
                spec: spec, imageName: imageName, inputs: nil, baseImageName: baseImageName,
                context: context, policy: policy, report: report)
        }

        /// Names the image of a spec, and creates the request for it.
        ///
        /// Reads all files, as ``ImageSpec/imageName(in:)`` does. They are not read again before they are copied.
        /// - Throws: the errors of ``ImageSpec/imageName(in:)``.
        public init(
            _ spec: ImageSpec, in context: Context = .current, policy: BuildPolicy = .current,
            report: @escaping @Sendable (BuildEvent) -> Void = { _ in }
        ) throws(ImageSpecError) {
            // An invalid format is found before any file is read.
            _ = try spec.parsedTagFormat()
            let inputs = try ResolvedInputs.read(of: spec, in: context, records: [.entries])
            let identity = try Identity(spec: spec, ContentIdentity(spec: spec, contents: inputs))
            self.init(
                spec: spec, imageName: try identity.imageName(), inputs: inputs, context: context,
                policy: policy, report: report)
        }

        init(
            spec: ImageSpec, imageName: String, inputs: ResolvedInputs?, baseImageName: String? = nil,
            context: Context, policy: BuildPolicy, report: @escaping @Sendable (BuildEvent) -> Void
        ) {
            self.spec = spec
            self.imageName = imageName
            self.inputs = inputs
            self.baseImageName = baseImageName
            self.context = context.forFiles(of: spec)
            self.policy = policy
            self.report = report
        }

        /// Whether the image is built even if it exists.
        public var isForcePush: Bool { policy.isForcePush || spec.isForcePush }

        /// Whether the image is pushed to a registry.
        public var isPushed: Bool { policy.pushes && spec.registry.nonEmpty != nil }

        /// The Dockerfile of the spec, and the files that it copies.
        ///
        /// Uses the files as they were read for the name, if the request was created with them; otherwise reads all files.
        /// - Throws: the errors of ``BuildContext/init(_:in:baseImageName:)``.
        public func buildContext() throws(ImageSpecError) -> BuildContext {
            try BuildContext(
                spec, validatedInputs(for: .dockerfile), in: context, baseImageName: baseImageName)
        }

        /// The files of the spec, if it can be rendered.
        ///
        /// Base images are validated only if nothing was read before: a build engine calls the builders of bases for that.
        func validatedInputs(for rendering: Rendering) throws(ImageSpecError) -> ResolvedInputs {
            try spec.validate(as: rendering, in: context, withBases: inputs == nil)
            if let inputs { return inputs }
            return try ResolvedInputs.read(of: spec, in: context, records: [.entries])
        }
    }
}
