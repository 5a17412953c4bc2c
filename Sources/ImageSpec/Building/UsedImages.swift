// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// An image that a build takes something from, and the place of a document that names it.
    package struct UsedImage: Hashable, Sendable {
        /// The keys that lead to the place: `["base_image", "builder_config", "uv_image"]`.
        package let path: [String]
        /// What stands there, or what rendering takes where nothing does.
        package let reference: String
        /// Whether nothing stands there.
        package let isDefault: Bool
        /// Whether the reference means the same when it is written there. A base image that is given is treated in
        /// another way than the one that belongs to a Python version.
        package let canBeWritten: Bool
    }

    /// The images that the rendered Dockerfile of this spec names, and those of bases that are specs.
    ///
    /// Renders them, and reads what that needs.
    /// - Throws: the errors of ``ImageSpec/validate(in:)``.
    package func usedImages(in context: Context) throws(ImageSpecError) -> [UsedImage] {
        try validate(as: .dockerfile, in: context)
        let bases = specBases
        var images: [UsedImage] = []
        // The lowest first, whose base image they are all built on.
        for (index, base) in bases.enumerated().reversed() {
            try base.validate(as: .dockerfile, in: context, withBases: false)
            images += try base.ownUsedImages(
                in: context, path: Array(repeating: "base_image", count: index + 1))
        }
        return try images + ownUsedImages(in: context, path: [])
    }

    /// The images that are named for this spec alone; for a base that is a spec, what leads there is not asked for.
    private func ownUsedImages(
        in context: Context, path: [String]
    ) throws(ImageSpecError) -> [UsedImage] {
        // What the base's image is called plays no part, and its files need not be read for it.
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

extension ImageSpec.JSONValue {
    /// The value with another one in a place, whose objects are made where they are missing.
    package func replacing(_ path: ArraySlice<String>, with value: Self) -> Self {
        guard let key = path.first else { return value }
        var object: ImageSpec.OrderedDictionary<Self> = [:]
        if case .object(let own) = self { object = own }
        object[key] = (object[key] ?? .null).replacing(path.dropFirst(), with: value)
        return .object(object)
    }
}
