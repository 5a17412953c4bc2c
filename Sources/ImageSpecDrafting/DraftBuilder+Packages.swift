// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

// Packages of apt, pip and conda.
extension DraftBuilder {
    mutating func addAptPackages() {
        let sources = [
            ("the Dockerfile", project.dockerfile?.aptPackages ?? []),
            (project.aptFile?.name ?? "", project.aptFile?.packages ?? []),
        ].filter { !$0.1.isEmpty }
        var packages: [String] = []
        for package in sources.flatMap(\.1) where !packages.contains(package) { packages.append(package) }
        if packages.isEmpty {
            return add("apt_packages", nil, because: ["Debian packages, in any order."], example: "[git]")
        }
        let names = sources.map(\.0).joined(separator: " and ")
        add("apt_packages", .list(packages), because: ["From \(names); the order does not matter."])
    }

    mutating func addPythonPackages() {
        if let lockFile {
            add(
                "requirements", .text(lockFile),
                because: [
                    "The exact versions of all packages, with the pyproject.toml next to it; the project itself is not installed."
                ] + notUsed(besides: lockFile))
        } else if let usedConda {
            addConda(usedConda)
        } else if let pipFile {
            add(
                "requirements", .text(pipFile),
                because: [
                    "Read with the files that it includes; comments in them do not change the image name."
                ] + notUsed(besides: pipFile))
        } else {
            addRequirementsExample()
            addPackages()
        }
    }

    // MARK: choices

    /// A lock file with its `pyproject.toml`.
    private var lockFile: String? {
        project.pyproject == nil ? nil : project.lockFiles.first
    }

    /// conda's environment, unless a file for pip is more specific.
    var usedConda: CondaEnvironment? {
        guard lockFile == nil, let conda = project.conda?.environment else { return nil }
        return pipFile.map(conda.requirements.contains) ?? true ? conda : nil
    }

    /// The requirements file: the one in the Dockerfile, `requirements.txt`, or the only one.
    private var pipFile: String? {
        let files = project.requirementsFiles
        let inDockerfile = (project.dockerfile?.requirements ?? []).filter(files.contains)
        if inDockerfile.count == 1 { return inDockerfile[0] }
        return files.first == "requirements.txt" || files.count == 1 ? files.first : nil
    }

    /// A comment on the sources of packages that the draft does not use.
    private func notUsed(besides used: String) -> [String] {
        // Files that the used one includes are used as well.
        let context = ImageSpec.Context(workingDirectory: project.path, hostArchitecture: "x86_64")
        let included = (try? ImageSpec(requirements: used).inputs(in: context).files.map(\.path)) ?? []
        var others = project.requirementsFiles.filter { $0 != used && !included.contains($0) }
        others += project.lockFiles.filter { $0 != used }
        if let conda = project.conda { others.append(conda.file) }
        if used.hasSuffix(".txt"), project.pyproject?.dependencies?.isEmpty == false {
            others.append("the dependencies of pyproject.toml")
        }
        if project.dockerfile?.pipPackages.isEmpty == false { others.append("pip install in the Dockerfile") }
        return others.isEmpty ? [] : ["Not used: \(others.joined(separator: ", "))."]
    }

    // MARK: fields

    private mutating func addRequirementsExample() {
        let files = project.requirementsFiles
        guard let first = files.first else { return }
        add(
            "requirements", nil,
            because: [
                "Choose one of the requirements files: \(files.joined(separator: ", ")).".onOneLine(
                    limit: 180)
            ],
            example: YAMLText.scalar(first))
    }

    private mutating func addPackages() {
        let fromDockerfile = project.dockerfile?.pipPackages ?? []
        if let packages = project.pyproject?.dependencies, !packages.isEmpty {
            addPackages(packages, from: "the dependencies in pyproject.toml")
        } else if project.pyproject?.isPoetry == true {
            add(
                "requirements", nil,
                because: [
                    "The dependencies are in poetry's own notation: run `poetry lock`, and use the lock file."
                ],
                example: "poetry.lock")
        } else if !fromDockerfile.isEmpty {
            addPackages(fromDockerfile, from: "pip install in the Dockerfile")
        } else {
            let setup = ["setup.py", "setup.cfg"].filter { project.listing.has($0) }
            let advice =
                setup.isEmpty
                ? "Packages for pip; or set requirements to a requirements file, uv.lock or poetry.lock."
                : "\(setup.joined(separator: " and ")) is not read: write the packages here, or create a lock file."
            add("packages", nil, because: [advice], example: "[numpy==2.1.3]")
        }
    }

    private mutating func addPackages(_ packages: [String], from source: String) {
        var comments = [
            "From \(source).",
            "Ranges install the newest version at build time; use a lock file or == to pin versions.",
        ]
        if let extras = project.pyproject?.extras, !extras.isEmpty {
            comments.append("Not used: the optional dependencies \(extras.joined(separator: ", ")).")
        }
        add("packages", .list(packages), because: comments)
    }

    private mutating func addConda(_ conda: CondaEnvironment) {
        let file = project.conda?.file ?? ""
        let channels = conda.channels.filter { $0 != "conda-forge" }
        if !channels.isEmpty {
            add(
                "conda_channels", .list(channels),
                because: ["From \(file); conda-forge is always first."])
        }
        // Without channels or packages, the image would not have an environment of conda.
        let packages = conda.packages.isEmpty && channels.isEmpty ? ["pip"] : conda.packages
        if !packages.isEmpty { add("conda_packages", .list(packages), because: ["From \(file)."]) }
        if !conda.pip.isEmpty {
            add("packages", .list(conda.pip), because: ["The packages for pip, from \(file)."])
        }
        if let requirements = conda.requirements.first {
            add("requirements", .text(requirements), because: ["Set by \(file)."])
        }
    }
}
