// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// A Dockerfile and the files that it copies, ready to be written to a directory.
    ///
    /// Creating a context reads and hashes all files of the spec. Writing it hashes them again and fails if they differ from
    /// the named content.
    ///
    /// The directory contains `Dockerfile` and, if needed, `requirements/`, `copy/` with a numbered directory for each
    /// copied path, and `source/`. File modes are 0644 and 0755, regardless of the umask. Time stamps are in the same second,
    /// with nanoseconds that depend on the content, by which BuildKit detects changed files. Equal specs have equal contexts.
    public struct BuildContext: Sendable {
        /// The Dockerfile.
        public let dockerfile: Dockerfile
        /// The identity of the spec, for the bytes that will be written.
        public let identity: Identity

        let files: ContextFiles

        static let requirementsFolder = "requirements"
        static let copyFolder = "copy"
        static let sourceFolder = "source"

        /// Reads the files of a spec and renders it.
        ///
        /// Uses memory for the path of each file.
        /// - Parameters:
        ///   - spec: the spec.
        ///   - context: the context of relative paths.
        ///   - baseImageName: the actual name of the base image if the base is a spec. If `nil`, it is
        ///     ``ImageSpec/imageName(in:)``. Ignored for other bases.
        /// - Throws: the errors of ``ImageSpec/validate(in:)`` and ``ImageSpec/identity(in:)``.
        public init(
            _ spec: ImageSpec, in context: Context = .current, baseImageName: String? = nil
        ) throws(ImageSpecError) {
            try spec.validate(as: .dockerfile, in: context)
            try self.init(
                spec, ResolvedInputs.read(of: spec, in: context, records: [.entries]), in: context,
                baseImageName: baseImageName)
        }

        /// Renders a spec whose files were read, with the entries of its trees.
        init(
            _ spec: ImageSpec, _ inputs: ResolvedInputs, in context: Context, baseImageName: String?
        ) throws(ImageSpecError) {
            let rendering = try RenderingInputs(of: spec, inputs, in: context, baseImageName: baseImageName)
            dockerfile = try Dockerfile(spec, rendering, in: context)
            files = ContextFiles(
                layout: .dockerfile, buildFile: dockerfile.text, requirements: rendering.requirements,
                inputs: inputs)
            identity = try Identity(spec: spec, ContentIdentity(spec: spec, contents: inputs))
        }

        /// Writes the context to a directory, which must be empty or not exist.
        ///
        /// The parent directory must exist; it is not created.
        /// - Parameter directory: the directory, relative to the working directory of the process.
        /// - Throws: ``ImageSpecError/Code/sourceChanged`` if a file changed after the image was named;
        ///   ``ImageSpecError/Code/unwritableOutput``; ``ImageSpecError/Code/unreadableInput``. All files written
        ///   so far are removed.
        public func write(to directory: String) throws(ImageSpecError) { try files.write(to: directory) }

        /// Writes the context with another modification time, in seconds since 1970.
        package func write(to directory: String, time: Int) throws(ImageSpecError) {
            try files.write(to: directory, time: time)
        }
    }
}

extension ImageSpec {
    /// Reads the files of the spec and renders it; see ``BuildContext/init(_:in:baseImageName:)``.
    /// - Throws: the errors of ``BuildContext/init(_:in:baseImageName:)``.
    public func buildContext(in context: Context = .current) throws(ImageSpecError) -> BuildContext {
        try BuildContext(self, in: context)
    }
}
