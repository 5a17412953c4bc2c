// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// The types of fields that are more than text.

extension ImageSpec {
    /// The base of an image.
    public indirect enum BaseImage: Hashable, Sendable, ExpressibleByStringLiteral {
        /// An image reference, such as `debian:bookworm-slim`, hashed as written.
        case reference(String)
        /// Another spec, whose image is built first and whose content is part of the tag.
        case spec(ImageSpec)

        /// Creates an image reference.
        public init(stringLiteral value: String) { self = .reference(value) }

        /// Whether both name the same base, byte for byte.
        public static func == (left: BaseImage, right: BaseImage) -> Bool {
            switch (left, right) {
            case (.reference(let left), .reference(let right)): left.hasSameBytes(as: right)
            case (.spec(let left), .spec(let right)): left == right
            default: false
            }
        }

        /// Feeds the base to a hasher.
        public func hash(into hasher: inout Hasher) {
            switch self {
            case .reference(let reference): hasher.combineBytes(of: reference)
            case .spec(let spec): hasher.combine(spec)
            }
        }
    }

    /// A local file that is mounted while packages are installed and is stored in no layer.
    public struct SecretMount: Hashable, Sendable {
        /// The local file, relative to the working directory.
        public let source: String
        /// The path in the container, absolute or relative to `/root`.
        public let target: String

        /// Creates a secret mount.
        public init(source: String, target: String) {
            self.source = source
            self.target = target
        }

        /// Whether both mounts are the same, byte for byte.
        public static func == (left: SecretMount, right: SecretMount) -> Bool {
            left.source.hasSameBytes(as: right.source) && left.target.hasSameBytes(as: right.target)
        }

        /// Feeds the mount to a hasher.
        public func hash(into hasher: inout Hasher) {
            hasher.combineBytes(of: source)
            hasher.combineBytes(of: target)
        }
    }

    /// Which files of the source root are copied into the image.
    ///
    /// Source: flytekit `CopyFileDetection`.
    public enum SourceCopyMode: String, Hashable, Sendable, CaseIterable {
        /// The Python modules: files that end in `.py`, or the list in ``Context/loadedModules``.
        case loadedModules = "loaded_modules"
        /// All files that are not ignored.
        case all
        /// No files.
        case noCopy = "no_copy"
    }
}
