// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

extension ImageSpec.BuildRequest {
    /// The setup of an image, and the files of its spec.
    package struct NamedSetup: Sendable {
        package let setup: ImageSetup
        /// With the entries of the trees.
        package let inputs: ResolvedInputs
        /// The name of an image of these files.
        package let imageName: String
    }

    /// The setup of the image, and the files of the spec as they were read for its name, or as they are read now.
    /// - Throws: the errors of ``ImageSpec/validate(in:)``.
    package func namedSetup() throws(ImageSpecError) -> NamedSetup {
        let inputs = try validatedInputs(for: .dockerfile)
        let rendering = try RenderingInputs(of: spec, inputs, in: context, baseImageName: baseImageName)
        let identity = try ImageSpec.Identity(spec: spec, ContentIdentity(spec: spec, contents: inputs))
        return NamedSetup(
            setup: ImageSetup(spec: spec, inputs: rendering), inputs: inputs,
            imageName: try identity.imageName())
    }
}
