// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

extension ImageSpec {
    /// An image that a build uses, with its location in the document.
    package struct UsedImage: Hashable, Sendable {
        /// The path of keys: `["base_image", "builder_config", "uv_image"]`.
        package let path: [String]
        /// The reference in the document, or the default that rendering uses.
        package let reference: String
        /// Whether the document contains no reference.
        package let isDefault: Bool
        /// Whether the default can be written to the document without changing the image. An explicit base image is treated
        /// differently from the one of a Python version.
        package let canBeWritten: Bool
    }

    /// The images in the rendered Dockerfile of this spec and of base images that are specs.
    ///
    /// Renders the Dockerfiles, and reads the files that this requires.
    /// - Throws: the errors of ``ImageSpec/validate(in:)``.
    package func usedImages(in context: Context) throws(ImageSpecError) -> [UsedImage] {
        try validate(as: .dockerfile, in: context)
        let bases = specBases
        var images: [UsedImage] = []
        // The innermost base first.
        for (index, base) in bases.enumerated().reversed() {
            try base.validate(as: .dockerfile, in: context, withBases: false)
            images += try base.ownUsedImages(
                in: context, path: Array(repeating: "base_image", count: index + 1))
        }
        return try images + ownUsedImages(in: context, path: [])
    }

    /// The images in the Dockerfile of this spec, without its base image if that is a spec.
    package func ownUsedImages(
        in context: Context, path: [String] = []
    ) throws(ImageSpecError) -> [UsedImage] {
        // The name of the base image does not matter, so its files are not read.
        let inputs = try RenderingInputs(of: self, in: context, baseImageName: "base")
        let text = Instructions(spec: self, inputs: inputs).linesWithTools.joined()
        var images: [UsedImage] = []
        switch baseImage {
        case .spec: break
        case .reference(let reference) where !reference.isEmpty:
            images.append(
                UsedImage(
                    path: path + ["base_image"], reference: reference, isDefault: false, canBeWritten: true))
        case .reference, nil:
            images.append(
                UsedImage(
                    path: path + ["base_image"], reference: PythonEnvironment(of: self).baseReference,
                    isDefault: true, canBeWritten: false))
        }
        let tools = [
            ("uv_image", RenderingConstants.uvImage),
            ("micromamba_image", RenderingConstants.micromambaImage),
        ]
        for (key, standard) in tools {
            let given = builderText(key)
            let reference = given ?? standard
            guard text.contains("from=\(reference),") else { continue }
            images.append(
                UsedImage(
                    path: path + ["builder_config", key], reference: reference, isDefault: given == nil,
                    canBeWritten: true))
        }
        return images
    }
}
