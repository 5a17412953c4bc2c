// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// Checks that a spec can be rendered, in the context of this process; see ``validate(in:)``.
    /// - Throws: the errors of ``validate(in:)``.
    public func validate() throws(ImageSpecError) { try validate(in: .current) }

    /// Checks that a spec can be rendered, and reports all problems at once.
    ///
    /// Called by rendering and building, but not needed for `id` and `tag`. Reads the requirements, and checks that copied
    /// paths and the source root exist without reading them. The files of ``ImageSpec/pipSecretMounts`` may be missing:
    /// only a build needs them.
    /// - Throws: all problems in one error: the code of the first one, and one message per line.
    public func validate(in context: Context) throws(ImageSpecError) {
        try validate(as: Rendering(of: self), in: context)
    }

    func validate(
        as rendering: Rendering, in context: Context, withBases: Bool = true
    ) throws(ImageSpecError) {
        let problems = ownProblems(as: rendering, in: context) + (withBases ? baseProblems(in: context) : [])
        if let error = ImageSpecError(problems: problems) { throw error }
    }

    /// Returns the problems that prevent a spec from being rendered, followed by unreadable files of
    /// ``ImageSpec/pipSecretMounts``, which prevent it from being built.
    ///
    /// Applies the rules of envd if the builder is `envd`; otherwise, the rules of Dockerfiles. A missing secret does not
    /// affect id and tag, and is not needed to render a spec or to write a build context.
    public func problems(in context: Context) -> [ImageSpecError] {
        renderingProblems(in: context) + secretProblems(in: context)
    }

    /// Everything that keeps a spec from being rendered.
    package func renderingProblems(in context: Context) -> [ImageSpecError] {
        ownProblems(as: Rendering(of: self), in: context) + baseProblems(in: context)
    }

    private func ownProblems(as rendering: Rendering, in context: Context) -> [ImageSpecError] {
        var problems = TextRule.table.flatMap { $0.problems(of: self) }
        for rule in Self.rules { problems += rule(self) }
        problems += rendering == .envd ? envdProblems : cudaProblems + pythonVersionProblems
        problems += packageProblems(for: rendering == .envd ? .pip : .uv)
        if rendering == .dockerfile { problems += extraArgumentProblems }
        problems += fileProblems(as: rendering, in: context)
        return problems
    }

    /// The rules that look at more than the text of one field.
    private static let rules: [@Sendable (ImageSpec) -> [ImageSpecError]] = [
        { $0.nameProblems }, { $0.tagFormatProblems }, { $0.sourceRootProblems }, { $0.environmentProblems },
        { $0.pythonProblems }, { $0.lockFileProblems }, { $0.secretMountProblems },
        { $0.builderConfigurationProblems },
    ]

    /// Those that a name has to obey too, whoever builds.
    private var identityProblems: [ImageSpecError] {
        nameProblems + tagFormatProblems + sourceRootProblems + [platformMistake].compactMap { $0 }
    }

    // MARK: names

    private var nameProblems: [ImageSpecError] { repositoryProblems }

    private var tagFormatProblems: [ImageSpecError] {
        do throws(ImageSpecError) {
            _ = try parsedTagFormat()
            return []
        } catch {
            return [error]
        }
    }

    private var sourceRootProblems: [ImageSpecError] {
        guard let mode = sourceCopyMode, mode != .noCopy, sourceRoot.nonEmpty == nil else { return [] }
        return [.sourceRootRequired(mode: mode)]
    }

    // MARK: fields

    private var environmentProblems: [ImageSpecError] {
        (env ?? [:]).flatMap { name, value in
            var problems: [ImageSpecError] = []
            func isStart(_ byte: UInt8) -> Bool {
                byte == UInt8(ascii: "_") || (byte | 0x20).isASCIILowercaseLetter
            }
            let isName =
                name.utf8.first.map(isStart) ?? false
                && name.utf8.allSatisfy {
                    isStart($0) || $0.isASCIIDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                }
            if !isName {
                problems.append(
                    .invalidText(
                        "env.\(name.shortened)", name, "is not a valid variable name",
                        fix: "use letters, digits and '_', and do not begin with a digit"))
            } else if name == RenderingConstants.idVariable {
                problems.append(.reservedVariable(name))
            } else if name == "PATH", value.utf8.contains(UInt8(ascii: "'")) {
                problems.append(
                    .invalidText(
                        "env.PATH", value,
                        "contains a single quote, which cannot be written to the login shell profile",
                        fix: "use directories without one"))
            } else if name == "PATH", ["$PATH", "${PATH"].contains(where: value.contains) {
                // The variable would contain the text "$PATH", and no program would be found.
                problems.append(
                    .invalidText(
                        "env.PATH", value, "is not expanded",
                        fix:
                            "write the complete value, as in \"/x:/opt/venv/bin:/usr/local/bin:/usr/bin:/bin\""
                    ))
            }
            if let problem = TextRule.lineBreak.problem(value) {
                problems.append(.invalidText("env." + name.shortened, value, problem))
            }
            return problems
        }
    }

    private var cudaProblems: [ImageSpecError] {
        [("cuda", cuda), ("cudnn", cudnn)].filter { $0.1.nonEmpty != nil }.map { .cudaUnsupported($0.0) }
    }

    private var pythonProblems: [ImageSpecError] {
        guard pythonExec.nonEmpty != nil else { return [] }
        var problems: [ImageSpecError] = []
        for (field, packages) in [("conda_packages", condaPackages), ("conda_channels", condaChannels)]
        where !(packages ?? []).isEmpty {
            problems.append(
                .unsupportedBeside(
                    "python_exec", field, "conda installs its own interpreter", fix: "remove one of them"))
        }
        if pythonVersion.nonEmpty != nil {
            problems.append(
                .unsupportedBeside(
                    "python_exec", "python_version", "the interpreter determines the version",
                    fix: "remove one of them"))
        }
        return problems
    }

    private var lockFileProblems: [ImageSpecError] {
        guard let path = requirements.nonEmpty,
            let file = RequirementFiles.lockFileName(Path.lexicallyNormalized(path))
        else {
            return []
        }
        var problems: [ImageSpecError] = []
        if !(packages ?? []).isEmpty {
            problems.append(
                .unsupportedBeside(
                    "packages", "the lock file \(file)", "it lists all packages",
                    fix:
                        "add the packages to pyproject.toml and lock again, or remove packages or requirements"
                ))
        }
        return file == "poetry.lock" ? problems + poetryProblems : problems
    }

    private var secretMountProblems: [ImageSpecError] {
        var targets: Set<ByteString> = []
        return (pipSecretMounts ?? []).enumerated().flatMap { index, mount in
            let field = "pip_secret_mounts[\(index)]"
            var problems =
                (TextRule.mountTarget.problem(mount.target) ?? TextRule.ownPlace.problem(mount.targetPath))
                .map {
                    [ImageSpecError.invalidText(field + "[1]", mount.target, $0)]
                } ?? []
            if mount.source.isEmpty || mount.source.utf8.contains(0) {
                problems.append(
                    .invalidText(
                        field + "[0]", mount.source, "is not a valid file path",
                        fix: "give the path of the file that contains the secret"))
            }
            if !targets.insert(ByteString(Path.lexicallyNormalized(mount.targetPath))).inserted {
                problems.append(
                    .invalidText(
                        field + "[1]", mount.target, "is also the target of another mount",
                        fix: "choose another path"))
            }
            return problems
        }
    }

    // MARK: files and bases

    private func fileProblems(as rendering: Rendering, in context: Context) -> [ImageSpecError] {
        let context = context.forFiles(of: self)
        var problems: [ImageSpecError] = []
        func check(_ body: () throws(ImageSpecError) -> Void) {
            do throws(ImageSpecError) { try body() } catch { problems.append(error) }
        }
        if let path = requirements.nonEmpty {
            check { () throws(ImageSpecError) in
                let count = problems.count
                let files = try RequirementFiles(
                    path, workingDirectory: context.folder, in: context.boundary,
                    report: { problems.append($0) })
                let areComplete = problems.count == count
                let found = requirementProblems(files, for: rendering == .envd ? .pip : .uv)
                problems += found
                if found.isEmpty, areComplete { _ = try RequirementsLayout(files) }
            }
        }
        for (index, path) in (copy ?? []).enumerated() {
            check { () throws(ImageSpecError) in _ = try RenderingInputs.copied(path, index, in: context) }
        }
        check { () throws(ImageSpecError) in _ = try RenderingInputs.hasSource(self, in: context) }
        return problems
    }

    /// A base that another builder makes has to have a name, and the rest is that builder's business.
    private func baseProblems(in context: Context) -> [ImageSpecError] {
        guard baseImage != nil else { return [] }
        do throws(ImageSpecError) { try checkBaseCount() } catch { return [error] }
        var problems: [ImageSpecError] = []
        for (index, base) in specBases.enumerated() {
            let isRendered =
                base.isForEnvd || base.builder.nonEmpty.map { $0.hasSameBytes(as: "default") } ?? true
            let found =
                isRendered ? base.ownProblems(as: Rendering(of: base), in: context) : base.identityProblems
            problems += found.map { $0.inBaseImage(levels: index + 1) }
            if !isRendered { break }
        }
        return problems
    }
}
