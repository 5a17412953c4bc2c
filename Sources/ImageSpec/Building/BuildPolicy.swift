// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// When images are built and where they go, as far as the surroundings decide it and not the spec.
    ///
    /// Read once, at the edge, and passed on as a value.
    public struct BuildPolicy: Hashable, Sendable {
        /// Builds and pushes even what exists, as if every spec had ``ImageSpec/forcePush()``; each image once an engine.
        public var isForcePush: Bool
        /// Pushes images of specs that have a registry. Where it is false, they stay with the container engine.
        public var pushes: Bool
        /// Takes an image to exist where nobody can tell, with a warning, as flytekit does. Otherwise that is an error.
        public var assumesExists: Bool
        /// Makes it an error in any case where nobody can tell whether an image exists.
        public var failsFast: Bool
        /// Whether this process is an execution, which builds nothing.
        public var isInsideExecution: Bool

        /// A policy; by default what exists is not built again, and what is built is pushed.
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

        /// What flytekit's environment variables say.
        ///
        /// | variable | meaning |
        /// |---|---|
        /// | `FLYTE_FORCE_PUSH_IMAGE_SPEC` | ``isForcePush``, unless it is `false`, `0`, `off` or `no` |
        /// | `FLYTE_PUSH_IMAGE_SPEC` | ``pushes``, if it is `true` or `1`; not set means true |
        /// | `FLYTE_IMG_FAST_FAIL` | ``failsFast``, unless it is `false`, `0`, `off` or `no` |
        /// | `FLYTE_INTERNAL_EXECUTION_ID` | ``isInsideExecution``, if it is set |
        ///
        /// Upper and lower case are one. ``assumesExists`` is in no variable.
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

        /// What the environment of this process says, read anew at each call.
        public static var current: BuildPolicy { BuildPolicy(environment: ImageSpec.processEnvironment) }

        /// What follows from whether an image exists.
        public enum Decision: Hashable, Sendable {
            /// Build it.
            case build
            /// It is there.
            case use
            /// Take it to be there, and say so.
            case assume(warning: String)
        }

        /// Whether an image that is not forced has to be built.
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
                        + IndexURL.withoutAnyUserInfo(reason).shortened(to: 600))
            }
        }
    }

    /// Whether an image exists where it is to be: in its registry, or with the container engine where it has none.
    public enum Existence: Hashable, Sendable {
        /// It is there; the digest of its manifest, where that is known.
        case present(digest: String?)
        /// It is not there.
        case absent
        /// Nobody can tell: no access, no answer.
        case unknown(reason: String)
    }
}
