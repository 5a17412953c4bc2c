// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
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

        /// What an image consists of, and how much of it was sent.
        public struct Transfer: Hashable, Sendable {
            /// The digests of the layers, the lowest first; those of all platforms, each once.
            public var layers: [String]
            /// The bytes that were sent to the registry or written to a file.
            public var sentBytes: Int
            /// The bytes that the registry had already.
            public var skippedBytes: Int

            /// Creates a value.
            public init(layers: [String], sentBytes: Int, skippedBytes: Int) {
                self.layers = layers
                self.sentBytes = sentBytes
                self.skippedBytes = skippedBytes
            }
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
        /// What was sent. `nil` if the builder does not know.
        public var transfer: Transfer?

        /// Creates a result.
        public init(
            imageName: String, outcome: Outcome, digest: String? = nil, engine: String? = nil,
            duration: Duration = .zero, transfer: Transfer? = nil
        ) {
            self.imageName = imageName
            self.outcome = outcome
            self.digest = digest
            self.engine = engine
            self.duration = duration
            self.transfer = transfer
        }
    }
}
