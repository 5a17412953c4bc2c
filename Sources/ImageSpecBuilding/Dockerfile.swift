// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// The Dockerfile of a spec.
    ///
    /// Deterministic: specs with equal `id`, `tag`, secret mounts and base image name have the same text, byte for byte, on
    /// every host. BuildKit, older Docker daemons and buildah can build it: one `FROM`, no frontend line, no heredoc. The
    /// files that it copies are in a ``BuildContext``.
    public struct Dockerfile: Hashable, Sendable, CustomStringConvertible {
        /// A local file that must be passed to the build: `--secret id=…,src=…`.
        public struct Secret: Hashable, Sendable {
            /// The id in the Dockerfile: `secret_0`, `secret_1`, …
            public let id: String
            /// The local file, relative to the working directory.
            public let source: String
        }

        /// The text. Ends in a line feed.
        public let text: String
        /// The mounted secrets, in the order of ``ImageSpec/pipSecretMounts``. Empty if no packages are installed.
        public let secrets: [Secret]

        /// The text.
        public var description: String { text }

        /// Renders a spec.
        ///
        /// Reads the requirements and the types of copied paths. If the base image is a spec, reads all files that its name
        /// depends on.
        /// - Throws: the errors of ``ImageSpec/validate(in:)``, and those of ``ImageSpec/imageName(in:)`` for the base.
        public init(_ spec: ImageSpec, in context: Context = .current) throws(ImageSpecError) {
            try spec.validate(as: .dockerfile, in: context)
            try self.init(spec, RenderingInputs(of: spec, in: context), in: context)
        }

        /// Renders a valid spec.
        init(
            _ spec: ImageSpec, _ inputs: RenderingInputs, in context: Context
        ) throws(ImageSpecError) {
            let instructions = Instructions(spec: spec, inputs: inputs)
            let lines = instructions.lines
            // The limit of the line scanner in Docker's parser.
            if let long = lines.lazy.flatMap({ $0.utf8.split(separator: UInt8(ascii: "\n")) }).first(where: {
                $0.count > 65_000
            }) {
                throw .instructionTooLong(String(decoding: long.prefix(40), as: UTF8.self))
            }
            text = lines.map { $0 + "\n" }.joined()
            secrets = instructions.isInstalling ? spec.secrets(in: context) : []
        }
    }

    /// Renders the Dockerfile of the spec; see ``Dockerfile/init(_:in:)``.
    /// - Throws: the errors of ``Dockerfile/init(_:in:)``.
    public func dockerfile(in context: Context = .current) throws(ImageSpecError) -> Dockerfile {
        try Dockerfile(self, in: context)
    }

    private func secrets(in context: Context) -> [Dockerfile.Secret] {
        let context = context.forFiles(of: self)
        return (pipSecretMounts ?? []).enumerated().map { index, mount in
            Dockerfile.Secret(
                id: "secret_\(index)", source: Path.join(context.workingDirectory, mount.source))
        }
    }
}
