// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// Which fields the findings of a directory give. Where two files disagree, the more exact one is taken, and a comment names
/// the other.
struct DraftBuilder {
    /// What rendering takes where a spec is silent.
    private static let defaultDraftPython = PythonVersion("3.12")

    let project: ProjectScan
    private(set) var fields: [DraftField] = []

    init(_ project: ProjectScan) {
        self.project = project
        addNames()
        let base = addBase()
        addPython(base)
        addAptPackages()
        addPythonPackages()
        addSources()
        addEnvironment()
    }

    private mutating func add(
        _ name: String, _ value: DraftField.Value?, because comments: [String], example: String? = nil
    ) {
        fields.append(DraftField(name, value, because: comments, example: example))
    }

    // MARK: names

    private mutating func addNames() {
        let candidates = [
            (project.pyproject?.name, "The project's name in pyproject.toml"),
            (project.conda?.environment.name, "The environment's name in \(project.conda?.file ?? "")"),
            (project.name, "The directory's name"),
        ]
        let found = candidates.lazy.compactMap { name, source in
            name.flatMap(Self.imageName).map { ($0, source) }
        }.first
        if let (name, source) = found {
            add("name", .text(name), because: ["\(source), in the form of an image name."])
        } else {
            add(
                "name", .text("image"),
                because: ["No name was found that is a valid image name; choose one."])
        }
        add(
            "registry", nil,
            because: [
                "The registry to push the image to. Without it, the image stays on the machine that builds it."
            ],
            example: "ghcr.io/acme")
        add(
            "tag_format", nil,
            because: ["The tag is the digest of the image content; this shortens it."],
            example: "'{spec_hash:.16}'")
    }

    /// Lower-case letters and digits, with hyphens for runs of anything else; nil if nothing is left.
    private static func imageName(_ text: String) -> String? {
        var name = ""
        for byte in text.utf8.prefix(100) {
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            if byte < 0x80, isLetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                name.unicodeScalars.append(Unicode.Scalar(isLetter ? byte | 0x20 : byte))
            } else if !name.isEmpty, name.utf8.last != UInt8(ascii: "-") {
                name += "-"
            }
        }
        if name.hasSuffix("-") { name.removeLast() }
        return name.isEmpty ? nil : name
    }

    // MARK: base and Python

    /// The version of Python that the base image names, where it is Python's own; it is no field then.
    private mutating func addBase() -> PythonVersion? {
        guard let hints = project.dockerfile else { return nil }
        if let platform = hints.platform {
            add(
                "platform", .text(platform),
                because: ["FROM --platform in the Dockerfile. Defaults to linux/amd64."])
        }
        guard let base = hints.base else { return nil }
        if let reference = try? ImageSpec.ImageReference(base), reference.registry.isDockerHub,
            reference.repository == "library/python", reference.digest == nil, let tag = reference.tag,
            let version = PythonVersion(tag.prefix { $0 != "-" }), !tag.contains("alpine")
        {
            return version
        }
        add(
            "base_image", .text(base),
            because: [
                "FROM in the Dockerfile. Pin it by digest (…@sha256:…) so that it never changes."
            ])
        return nil
    }

    private mutating func addPython(_ base: PythonVersion?) {
        let range = project.pyproject?.requiresPython.map { ($0, PythonRange($0)) }
        var others: [String] = []
        if case (let text, nil)? = range {
            others.append("pyproject.toml requires Python \"\(text.onOneLine())\", which was not understood.")
        }
        var found: (PythonVersion, String)?
        func consider(_ version: PythonVersion?, _ source: String) {
            guard let version else { return }
            if found == nil {
                found = (version, source)
            } else if found?.0 != version {
                others.append("Not used: \(version.text), set by \(source).")
            }
        }
        consider(project.pythonVersionFile.flatMap { PythonVersion($0) }, ".python-version")
        consider(base, "FROM in the Dockerfile")
        consider(usedConda?.python, project.conda?.file ?? "")
        if let (version, source) = found {
            if case (let text, let range?)? = range, !range.contains(version) {
                others.append(
                    "pyproject.toml requires \"\(text.onOneLine())\", which excludes \(version.text).")
            }
            if base != nil {
                others.append(
                    "The base image is then python:\(version.text)-slim-bookworm; set base_image to use another."
                )
            }
            add("python_version", .text(version.text), because: ["Set by \(source)."] + others)
        } else if let favourite = Self.defaultDraftPython, case (let text, let range?)? = range,
            let version = range.version(favouring: favourite)
        {
            add(
                "python_version", .text(version.text),
                because: [
                    "pyproject.toml allows Python \"\(text.onOneLine())\"; this is one of them. The quotes keep 3.10 from being read as a number."
                ] + others)
        } else if case (let text, _?)? = range {
            add(
                "python_version", nil,
                because: others + [
                    "The Python version. No image has one that pyproject.toml allows (\"\(text.onOneLine())\"); defaults to 3.12. Use quotes: 3.10 is a number."
                ],
                example: "'3.12'")
        } else {
            let hasBase = fields.contains { $0.name == "base_image" }
            let outcome =
                hasBase
                ? "that of the base image" : "3.12"
            add(
                "python_version", nil,
                because: others + [
                    "The Python version. Defaults to \(outcome). Use quotes: 3.10 is a number."
                ],
                example: "'3.12'")
        }
    }

    private mutating func addAptPackages() {
        var packages: [String] = []
        var sources: [String] = []
        for (source, found) in [
            ("the Dockerfile", project.dockerfile?.aptPackages),
            (project.aptFile?.name ?? "", project.aptFile?.packages),
        ] {
            guard let found, !found.isEmpty else { continue }
            sources.append(source)
            packages += found.filter { !packages.contains($0) }
        }
        if packages.isEmpty {
            add(
                "apt_packages", nil, because: ["Debian packages, in any order."],
                example: "[git]")
        } else {
            add(
                "apt_packages", .list(packages),
                because: ["From \(sources.joined(separator: " and ")); the order does not matter."]
            )
        }
    }

    // MARK: Python packages

    /// conda's environment, where no file of pip's says the same more exactly.
    private var usedConda: CondaEnvironment? {
        guard lockFile == nil, let conda = project.conda?.environment else { return nil }
        return pipFile.map(conda.requirements.contains) ?? true ? conda : nil
    }

    /// A lock file whose `pyproject.toml` is there.
    private var lockFile: String? {
        guard project.pyproject != nil else { return nil }
        return ["uv.lock", "poetry.lock"].first { project.listing.has($0) }
    }

    /// The requirements file that nothing but its name, or the Dockerfile, makes the one.
    private var pipFile: String? {
        let files = project.requirementsFiles
        let asked = (project.dockerfile?.requirements ?? []).filter(files.contains)
        if asked.count == 1 { return asked[0] }
        return files.first == "requirements.txt" ? "requirements.txt" : files.count == 1 ? files[0] : nil
    }

    private mutating func addPythonPackages() {
        if let lockFile {
            let others = otherSources(than: lockFile)
            return add(
                "requirements", .text(lockFile),
                because: [
                    "The exact versions of all packages, with the pyproject.toml next to it; the project itself is not installed."
                ]
                    + others)
        }
        if let conda = usedConda { return addConda(conda) }
        if let pipFile {
            return add(
                "requirements", .text(pipFile),
                because: [
                    "Read with the files that it includes; comments in them do not change the image name."
                ]
                    + otherSources(than: pipFile))
        }
        let files = project.requirementsFiles
        if !files.isEmpty {
            add(
                "requirements", nil,
                because: [
                    "Choose one of the requirements files: \(files.joined(separator: ", ")).".onOneLine(
                        limit: 180)
                ],
                example: YAMLText.scalar(files[0]))
        }
        let fromDockerfile = project.dockerfile?.pipPackages ?? []
        if let packages = project.pyproject?.dependencies, !packages.isEmpty {
            add("packages", .list(packages), because: packagesComments("the dependencies in pyproject.toml"))
        } else if project.pyproject?.isPoetry == true {
            add(
                "requirements", nil,
                because: [
                    "The dependencies are in poetry's own notation: run `poetry lock`, and use the lock file."
                ],
                example: "poetry.lock")
        } else if !fromDockerfile.isEmpty {
            add("packages", .list(fromDockerfile), because: packagesComments("pip install in the Dockerfile"))
        } else {
            let setup = ["setup.py", "setup.cfg"].filter { project.listing.has($0) }
            let advice =
                setup.isEmpty
                ? "Packages for pip; or set requirements to a requirements file, uv.lock or poetry.lock."
                : "\(setup.joined(separator: " and ")) is not read: write the packages here, or create a lock file."
            add("packages", nil, because: [advice], example: "[numpy==2.1.3]")
        }
    }

    private func packagesComments(_ source: String) -> [String] {
        var comments = ["From \(source)."]
        comments.append(
            "Ranges install the newest version at build time; use a lock file or == to pin versions."
        )
        if let extras = project.pyproject?.extras, !extras.isEmpty {
            comments.append("Not used: the optional dependencies \(extras.joined(separator: ", ")).")
        }
        return comments
    }

    private func otherSources(than used: String) -> [String] {
        // What the used one includes is used too.
        let context = ImageSpec.Context(workingDirectory: project.path, hostArchitecture: "x86_64")
        let included = (try? ImageSpec(requirements: used).inputs(in: context).files.map(\.path)) ?? []
        var others = project.requirementsFiles.filter { $0 != used && !included.contains($0) }
        others += ["uv.lock", "poetry.lock"].filter { project.listing.has($0) && $0 != used }
        if let conda = project.conda { others.append(conda.file) }
        if used.hasSuffix(".txt"), project.pyproject?.dependencies?.isEmpty == false {
            others.append("the dependencies of pyproject.toml")
        }
        if project.dockerfile?.pipPackages.isEmpty == false { others.append("pip install in the Dockerfile") }
        return others.isEmpty ? [] : ["Not used: \(others.joined(separator: ", "))."]
    }

    private mutating func addConda(_ conda: CondaEnvironment) {
        let file = project.conda?.file ?? ""
        let channels = conda.channels.filter { $0 != "conda-forge" }
        if !channels.isEmpty {
            add(
                "conda_channels", .list(channels),
                because: ["From \(file); conda-forge is always first."])
        }
        // Without a package there would be no environment of conda's.
        let packages = conda.packages.isEmpty && channels.isEmpty ? ["pip"] : conda.packages
        if !packages.isEmpty { add("conda_packages", .list(packages), because: ["From \(file)."]) }
        if !conda.pip.isEmpty {
            add("packages", .list(conda.pip), because: ["The packages for pip, from \(file)."])
        }
        if let requirements = conda.requirements.first {
            add("requirements", .text(requirements), because: ["Set by \(file)."])
        }
    }

    // MARK: files and variables

    private mutating func addSources() {
        if project.hasSourceFolder {
            var comments = [
                "The files in src are copied to /root, where Python finds them, except those excluded by .gitignore files."
            ]
            if project.listing.has(".dockerignore") {
                comments.append(
                    "The .dockerignore of this directory does not apply to src; src/.dockerignore does.")
            }
            add("source_root", .text("src"), because: comments)
            add(
                "source_copy_mode", .text("all"),
                because: ["Copies all files; loaded_modules copies only files that end in .py."])
            return
        }
        let modules = project.modules
        if modules.isEmpty {
            add(
                "copy", nil,
                because: [
                    "Files and directories to copy to /root; source_root copies the contents of a directory."
                ],
                example: "[conf]")
        } else {
            add(
                "copy", .list(modules),
                because: [
                    "The packages and modules of this directory are copied to /root, where Python finds them. Ignore files do not apply."
                ])
        }
    }

    private mutating func addEnvironment() {
        let env = project.dockerfile?.env ?? []
        if env.isEmpty {
            add(
                "env", nil,
                because: [
                    "Environment variables. Do not write secrets here: they are readable in the image."
                ],
                example: "{MODE: fast}")
        } else {
            add("env", .map(env.map { ($0.name, $0.value) }), because: ["ENV in the Dockerfile."])
        }
        add(
            "commands", nil, because: ["Shell commands to run in the image after everything else."],
            example: "[python -c 'import sys']")
        add(
            "entrypoint", nil,
            because: ["The command that a container runs; [] removes that of the base image."],
            example: "[python, -m, app]")
    }
}
