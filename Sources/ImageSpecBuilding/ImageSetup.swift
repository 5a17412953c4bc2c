// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// The setup of an image that its Dockerfile and its envd file have in common. Each format renders these values in its own
/// syntax.
package struct ImageSetup: Sendable {
    /// A directory of the build context that is copied into the image.
    package struct CopiedDirectory: Sendable {
        /// Relative to the build context.
        package let source: String
        /// Relative to the working directory of the image; `.` is that directory itself.
        package let destination: String
    }

    package let spec: ImageSpec
    package let inputs: RenderingInputs
    package let python: PythonEnvironment

    package init(spec: ImageSpec, inputs: RenderingInputs) {
        self.spec = spec
        self.inputs = inputs
        python = PythonEnvironment(of: spec)
    }

    /// The image that the build starts from.
    package var baseImage: String { inputs.baseName ?? python.baseReference }

    /// Sorted and without duplicates, as are the other packages; `nil` if there are none.
    var aptPackages: [String]? { spec.aptPackages.nonEmptySet }

    package var packages: [String]? { spec.packages.nonEmptySet }

    var condaPackages: [String]? { spec.condaPackages.nonEmptySet }

    /// conda-forge has precedence.
    var condaChannels: [String] {
        ["conda-forge"] + (spec.condaChannels ?? []).filter { !$0.hasSameBytes(as: "conda-forge") }
    }

    /// The package index, if it is not the default.
    package var packageIndex: String? { spec.pipIndex.nonEmpty }

    package var extraPackageIndexes: [String] { spec.pipExtraIndexURLs ?? [] }

    /// The variables of the spec, sorted by name.
    package var variables: [(name: String, value: String)] {
        (spec.env ?? [:]).map { (name: $0.key, value: $0.value) }.sorted { $0.name.precedesInUTF8($1.name) }
    }

    /// Whether a variable has the default of this package. A variable that the spec sets has exactly that value.
    package func hasDefault(_ variable: String) -> Bool { spec.env?[variable] == nil }

    /// The source tree first, so that `copy` replaces files of it. Sources have names of this package, so that no path of the
    /// user is read as a pattern.
    var copiedDirectories: [CopiedDirectory] {
        var directories: [CopiedDirectory] = []
        if inputs.hasSource {
            directories.append(
                CopiedDirectory(source: ImageSpec.BuildContext.sourceFolder, destination: "."))
        }
        for (index, copied) in inputs.copied.enumerated() {
            directories.append(
                CopiedDirectory(
                    source: "\(ImageSpec.BuildContext.copyFolder)/\(index)",
                    destination: copied.isFolder ? copied.path : Path.folder(of: copied.path)))
        }
        return directories
    }

    var commands: [String] { spec.commands ?? [] }
}

extension [String]? {
    /// The members of a set in canonical order; nil if there are none.
    fileprivate var nonEmptySet: [String]? {
        guard let self, !self.isEmpty else { return nil }
        return CanonicalWriter.canonicalSet(self)
    }
}
