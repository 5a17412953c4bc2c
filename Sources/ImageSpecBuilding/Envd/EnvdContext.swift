// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

extension ImageSpec {
    /// A `build.envd` and the files that it copies, ready to be written to a directory.
    package struct EnvdContext: Sendable {
        package let file: EnvdFile
        /// The identity of the spec, for the bytes that will be written.
        package let identity: Identity

        private let files: ContextFiles

        /// Reads the files of a spec and renders it.
        package init(
            _ spec: ImageSpec, in context: Context, baseImageName: String? = nil
        ) throws(ImageSpecError) {
            try spec.validate(as: .envd, in: context)
            try self.init(
                spec, ResolvedInputs.read(of: spec, in: context, records: [.entries]), in: context,
                baseImageName: baseImageName)
        }

        /// Renders a spec whose files were read, with the entries of its trees.
        init(
            _ spec: ImageSpec, _ inputs: ResolvedInputs, in context: Context, baseImageName: String?
        ) throws(ImageSpecError) {
            let rendering = try RenderingInputs(of: spec, inputs, in: context, baseImageName: baseImageName)
            file = EnvdFile(spec, rendering)
            files = ContextFiles(
                layout: .envd, buildFile: file.text, requirements: rendering.requirements, inputs: inputs)
            identity = try Identity(spec: spec, ContentIdentity(spec: spec, contents: inputs))
        }

        /// Writes the context to a directory; see ``BuildContext/write(to:)``.
        package func write(to directory: String) throws(ImageSpecError) { try files.write(to: directory) }
    }
}

extension ImageSpec.BuildRequest {
    /// The `build.envd` of the spec, and the files that it copies; see ``buildContext()``.
    package func envdContext() throws(ImageSpecError) -> ImageSpec.EnvdContext {
        try ImageSpec.EnvdContext(
            spec, validatedInputs(for: .envd), in: context, baseImageName: baseImageName)
    }
}
