// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

// The base image and the version of Python.
extension DraftBuilder {
    mutating func addBase() {
        if let platform = project.dockerfile?.platform {
            add(
                "platform", .text(platform),
                because: ["FROM --platform in the Dockerfile. Defaults to linux/amd64."])
        }
        guard let base = project.dockerfile?.base, pythonOfBase == nil else { return }
        add(
            "base_image", .text(base),
            because: ["FROM in the Dockerfile. Pin it by digest (…@sha256:…) so that it never changes."])
    }

    /// The version of an official Python image in `FROM`, which the draft declares in place of a base image.
    private var pythonOfBase: PythonVersion? {
        guard let base = project.dockerfile?.base, let reference = try? ImageSpec.ImageReference(base),
            reference.registry.isDockerHub, reference.repository == "library/python", reference.digest == nil,
            // Images of Alpine Linux have no apt and another C library.
            let tag = reference.tag, !tag.contains("alpine")
        else { return nil }
        return PythonVersion(tag.prefix { $0 != "-" })
    }

    mutating func addPython() {
        let candidates: [(version: PythonVersion?, source: String)] = [
            (project.pythonVersionFile.flatMap { PythonVersion($0) }, ".python-version"),
            (pythonOfBase, "FROM in the Dockerfile"),
            (usedConda?.python, project.conda?.file ?? ""),
        ]
        let found = candidates.compactMap { version, source in version.map { ($0, source) } }
        if let (version, source) = found.first {
            let others = found.dropFirst().filter { $0.0 != version }
                .map { "Not used: \($0.0.text), set by \($0.1)." }
            add(
                "python_version", .text(version.text),
                because: ["Set by \(source)."] + unreadRequirement + others + exclusion(of: version)
                    + base(with: version))
        } else {
            addPythonOfProject()
        }
    }

    /// The version without a file that sets one: a version that `pyproject.toml` allows, or the default.
    private mutating func addPythonOfProject() {
        if let (text, range) = required {
            if let version = PythonVersion.preferred(in: range) {
                return add(
                    "python_version", .text(version.text),
                    because: [
                        "pyproject.toml allows Python \"\(text)\"; this version is one that it allows. The quotes keep 3.10 from being read as a number."
                    ])
            }
            return addPythonExample([
                "The Python version. No image has one that pyproject.toml allows (\"\(text)\"); defaults to \(RenderingConstants.defaultPython)."
            ])
        }
        let hasBase = fields.contains { $0.name == "base_image" }
        let outcome = hasBase ? "that of the base image" : RenderingConstants.defaultPython
        addPythonExample(unreadRequirement + ["The Python version. Defaults to \(outcome)."])
    }

    private mutating func addPythonExample(_ comments: [String]) {
        add(
            "python_version", nil,
            because: comments.dropLast() + [(comments.last ?? "") + " Use quotes: 3.10 is a number."],
            example: "'\(RenderingConstants.defaultPython)'")
    }

    /// The range of versions in `pyproject.toml`.
    private var required: (text: String, range: VersionRange)? {
        guard let text = project.pyproject?.requiresPython, let range = VersionRange(text) else { return nil }
        return (text.onOneLine(), range)
    }

    private var unreadRequirement: [String] {
        guard let text = project.pyproject?.requiresPython, required == nil else { return [] }
        return ["pyproject.toml requires Python \"\(text.onOneLine())\", which was not understood."]
    }

    private func exclusion(of version: PythonVersion) -> [String] {
        guard let (text, range) = required, !version.isIn(range) else { return [] }
        return ["pyproject.toml requires \"\(text)\", which excludes \(version.text)."]
    }

    /// What takes the place of the Python image in `FROM`.
    private func base(with version: PythonVersion) -> [String] {
        if pythonOfBase == nil { return [] }
        let conda = usedConda.map { _ in ["python"] }
        let base = ImageSpec(pythonVersion: version.text, condaPackages: conda).defaultBaseImage
        let installer =
            base == ImageSpec().defaultBaseImage
            ? ", with Python from \(conda == nil ? "uv" : "conda")" : ""
        return ["The base image is then \(base)\(installer); set base_image to use another."]
    }
}
