// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

extension ImageSpec {
    /// The command that `pip_extra_args` is passed to.
    private var extraArgumentOptions: InstallerOptions {
        switch requirements.nonEmpty.flatMap({ RequirementFiles.lockFileName(Path.lexicallyNormalized($0)) })
        {
        case "uv.lock": .uvSync
        case "poetry.lock": .poetryInstall
        default: .uvPipInstall
        }
    }

    /// What the installer's command line cannot take of `pip_extra_args`.
    var extraArgumentProblems: [ImageSpecError] {
        guard hasPythonPackages, let words = pipExtraArgs.nonEmpty.flatMap(ArgumentText.words),
            TextRule.plainWords.problem(words.joined(separator: " ")) == nil
        else { return [] }
        let options = extraArgumentOptions
        // Another version may have other options.
        let isKnownVersion = builderText(options.command.hasPrefix("uv") ? "uv_image" : "poetry") == nil
        var problems: [ImageSpecError] = []
        func refuse(_ argument: InstallerArgument, _ what: String, _ fix: ImageSpecError.Fix) {
            problems.append(
                .invalidArgument(
                    argument.value.map { argument.word + " " + $0 } ?? argument.word, what, fix: fix))
        }
        for argument in InstallerArgument.read(words, by: options) {
            if let name = argument.name, InstallerOptions.indexes.contains(name),
                argument.value.map(URLUserInfo.isPresent) ?? false
            {
                problems.append(.credential("pip_extra_args"))
                continue
            }
            guard let name = argument.name else {
                if options.command == "uv pip install" { continue }
                refuse(argument, "is not an option of \(options.command)", "remove it")
                continue
            }
            if let reason = options.impossible[name] {
                refuse(argument, "cannot be used: \(reason)", "remove \"\(name.shortened)\"")
            } else if options.given.contains(name) || (name == "--index-url" && pipIndex.nonEmpty != nil) {
                refuse(argument, "is already set by the Dockerfile", "remove it")
            } else if options.valued.contains(name) {
                if argument.value == nil { refuse(argument, "has no value", "write one") }
                if let path = argument.value, isMissingFile(name, path) {
                    refuse(
                        argument,
                        "names a local file, which does not exist in the image when packages are installed",
                        "write the option in a requirements file, or mount the file with pip_secret_mounts and pass the path of the mount"
                    )
                }
            } else if !options.flags.contains(name), isKnownVersion {
                let nearest = Suggestion.nearest(
                    to: name, among: (options.flags.union(options.valued)).sorted())
                refuse(
                    argument, "is not an option of \(options.command)",
                    nearest.map { "did you mean \"\($0)\"?" } ?? "remove it")
            }
        }
        return problems + conflicts(InstallerArgument.read(words, by: options), of: options)
    }

    /// Options that exclude each other.
    private func conflicts(_ arguments: [InstallerArgument], of options: InstallerOptions) -> [ImageSpecError]
    {
        let groups: [(String, [String])] =
            switch options.command {
            case "uv sync":
                [
                    ("--all-extras", ["--extra"]),
                    ("--only-group", ["--group", "--all-groups", "--extra", "--all-extras"]),
                ]
            case "poetry install":
                [("--all-extras", ["--extras"]), ("--all-groups", ["--with", "--without", "--only"])]
            default: []
            }
        let names = Set(arguments.compactMap(\.name))
        return groups.compactMap { name, others in
            guard names.contains(name), let other = others.first(where: names.contains) else { return nil }
            return .invalidArgument(other, "cannot be combined with \(name)", fix: "remove one of them")
        }
    }

    /// Whether an option names a file that cannot be there: nothing is copied yet, and no base image brings it.
    private func isMissingFile(_ name: String, _ value: String) -> Bool {
        let naming: Set<String> = [
            "--requirement", "--requirements", "--constraint", "--constraints", "--build-constraint",
            "--build-constraints",
            "--override", "--overrides", "--exclude", "--excludes", "--config-file", "--cert", "--find-links",
            "--editable",
        ]
        guard naming.contains(name), baseImage.map({ $0 == .reference("") }) ?? true else { return false }
        return !value.contains("://") && !value.contains("$") && !Path.isAbsolute(value)
    }
}
