// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// Determines when images are built and pushed, independently of the spec.
    public struct BuildPolicy: Hashable, Sendable {
        /// Builds and pushes images even if they exist, as with ``ImageSpec/forcePush()``. Each image is built once per engine.
        public var isForcePush: Bool
        /// Pushes images of specs with a registry. If `false`, images stay in the container engine.
        public var pushes: Bool
        /// Assumes that an image exists if this cannot be determined, with a warning, as flytekit does. If `false`, it is an
        /// error.
        public var assumesExists: Bool
        /// Always fails if the existence of an image cannot be determined.
        public var failsFast: Bool
        /// Whether this process is a task execution, which builds no images.
        public var isInsideExecution: Bool

        /// Creates a policy. By default, existing images are not rebuilt, and built images are pushed.
        public init(
            isForcePush: Bool = false, pushes: Bool = true, assumesExists: Bool = false,
            failsFast: Bool = false, isInsideExecution: Bool = false
        ) {
            self.isForcePush = isForcePush
            self.pushes = pushes
            self.assumesExists = assumesExists
            self.failsFast = failsFast
            self.isInsideExecution = isInsideExecution
        }

        /// Creates the policy from flytekit's environment variables.
        ///
        /// | variable | meaning |
        /// |---|---|
        /// | `FLYTE_FORCE_PUSH_IMAGE_SPEC` | ``isForcePush``, unless it is `false`, `0`, `off` or `no` |
        /// | `FLYTE_PUSH_IMAGE_SPEC` | ``pushes``, if it is `true` or `1`; not set means true |
        /// | `FLYTE_IMG_FAST_FAIL` | ``failsFast``, unless it is `false`, `0`, `off` or `no` |
        /// | `FLYTE_INTERNAL_EXECUTION_ID` | ``isInsideExecution``, if it is set |
        ///
        /// Values are case-insensitive. ``assumesExists`` has no variable.
        /// - Parameter environment: looks up a variable.
        public init(environment: (String) -> String?) {
            func isOn(_ name: String) -> Bool {
                guard let value = environment(name) else { return false }
                return !["false", "0", "off", "no"].contains(value.asciiLowercased)
            }
            self.init(
                isForcePush: isOn("FLYTE_FORCE_PUSH_IMAGE_SPEC"),
                pushes: ["true", "1"].contains(
                    (environment("FLYTE_PUSH_IMAGE_SPEC") ?? "true").asciiLowercased),
                failsFast: isOn("FLYTE_IMG_FAST_FAIL"),
                isInsideExecution: environment("FLYTE_INTERNAL_EXECUTION_ID") != nil)
        }

        /// The policy in the environment of this process. Read at each call.
        public static var current: BuildPolicy { BuildPolicy(environment: ImageSpec.processEnvironment) }

        /// What to do with an image.
        public enum Decision: Hashable, Sendable {
            /// Build it.
            case build
            /// It is there.
            case use
            /// Assume that it exists, with a warning.
            case assume(warning: String)
        }

        /// Returns whether an image that is not forced must be built.
        ///
        /// | existence | decision |
        /// |---|---|
        /// | absent | build |
        /// | present | use |
        /// | unknown | an error; with ``assumesExists``, and not ``failsFast``, use with a warning |
        ///
        /// - Throws: ``ImageSpecError/Code/existenceUnknown``.
        public func decision(
            for imageName: String, _ existence: Existence
        ) throws(ImageSpecError) -> Decision {
            switch existence {
            case .absent: return .build
            case .present: return .use
            case .unknown(let reason):
                guard assumesExists && !failsFast else {
                    throw .existenceUnknown(imageName, reason, failsFast: failsFast)
                }
                return .assume(
                    warning: "cannot determine whether \(imageName) exists, assuming that it does: "
                        + URLUserInfo.redacted(reason).shortened(to: 600))
            }
        }
    }

    /// Whether an image exists in its registry, or in the container engine if it has no registry.
    public enum Existence: Hashable, Sendable {
        /// The image exists. The digest of its manifest, if known.
        case present(digest: String?)
        /// The image does not exist.
        case absent
        /// Cannot be determined, for example because of missing access or a timeout.
        case unknown(reason: String)
    }
}
