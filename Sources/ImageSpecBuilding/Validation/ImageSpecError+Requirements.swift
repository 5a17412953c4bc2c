// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// The sentences of what cannot be installed.

extension ImageSpecError {
    // MARK: packages and pip requirements files

    static func invalidPackage(_ field: String, _ text: String, _ problem: RequirementProblem)
        -> ImageSpecError
    {
        ImageSpecError(.invalidField, field: field, found: text, problem.reason(for: text), fix: problem.fix)
    }

    static func invalidRequirement(
        _ file: String, _ line: Int, _ text: String, _ problem: RequirementProblem
    ) -> ImageSpecError {
        .invalidRequirements(file, line: line, problem.reason(for: text), fix: problem.fix)
    }

    static func localPackage(_ field: String, _ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: field,
            "\"\(text.shortened)\" is a local path, which does not exist in the image when packages are installed",
            fix:
                "add its source to the image with the field source_root or copy, publish it to a package index, or use a base_image that contains it"
        )
    }

    static func localRequirement(_ file: String, _ line: Int, _ text: String) -> ImageSpecError {
        .invalidRequirements(
            file, line: line,
            "\"\(text.shortened)\" is a local path, which does not exist in the image when packages are installed",
            fix:
                "remove it and add its source to the image with the field source_root or copy, publish it to a package index, or use a base_image that contains it"
        )
    }

    static func otherFormat(_ file: String, _ problem: RequirementProblem) -> ImageSpecError {
        .invalidRequirements(file, line: nil, "this \(problem.what)", fix: problem.fix)
    }

    static let packagesWithoutHashes = ImageSpecError(
        .unsupportedField, field: "packages",
        "cannot be combined with --require-hashes: packages have no hashes",
        fix: "write them with hashes in the requirements file")

    /// Requirements are mounted, not copied: they are in no layer.
    static func requirementCredential(_ file: String, _ place: String?) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, at: [Location(field: "requirements"), Location(file: file, subject: place)],
            "the URL contains credentials, which would be readable in the build context and in build logs",
            fix: "remove them and mount a .netrc with pip_secret_mounts, with the target /root/.netrc")
    }

    static func invalidArgument(_ argument: String, _ what: String, fix: Fix) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "pip_extra_args", found: argument, "\"\(argument.shortened)\" \(what)",
            fix: fix)
    }

    // MARK: lock files

    /// `relock` is the command that writes the file; `nil` if a person does.
    static func invalidTOML(_ file: String, _ problem: TOMLProblem, relock: String?) -> ImageSpecError {
        .invalidRequirements(
            file, line: problem.line,
            "invalid TOML: \(problem.what)", fix: relock.map { "run: \($0)" } ?? "correct the file")
    }

    static func staleLock(_ file: String, _ what: String, relock: String) -> ImageSpecError {
        .invalidRequirements(file, line: nil, "the lock file is out of date: \(what)", fix: "run: \(relock)")
    }

    static func newerLock(_ file: String, _ version: String, tool: String, reads: String, key: String)
        -> ImageSpecError
    {
        .invalidRequirements(
            file, line: nil,
            "unsupported lock file version \(version): \(tool) supports \(reads)",
            fix:
                "select another version of \(tool) with builder_config: {\(key): …}, or recreate the lock file"
        )
    }

    static func toolNotAllowed(
        _ file: String, _ line: Int?, key: String, range: String, tool: String, version: String, fix: String
    ) -> ImageSpecError {
        .invalidRequirements(
            file, line: line,
            "\(key) is \"\(range.shortened)\", but the image is built with \(tool) \(version.shortened)",
            fix: "choose another version with \(fix)")
    }

    static func workspaceMembers(_ file: String, _ line: Int?, _ members: [String]) -> ImageSpecError {
        .invalidRequirements(
            file, line: line,
            "these workspace members do not exist in the image when packages are installed: \(members.joined(separator: ", ").shortened)",
            fix:
                "run \"uv export --no-dev --no-emit-workspace -o requirements.txt\", use that file, and add their source to the image with the field source_root or copy"
        )
    }

    static func localLockedPackage(
        _ file: String, _ line: Int?, _ name: String, _ path: String, relock: String
    ) -> ImageSpecError {
        let export = relock == "uv lock" ? "uv export --no-dev" : "poetry export"
        return .invalidRequirements(
            file, line: line,
            "\"\(name.shortened)\" is installed from the local path \"\(path.shortened)\", which does not exist in the image when packages are installed",
            fix:
                "publish it to a package index, or run \"\(export) -o requirements.txt\", remove it from that file, and add its source to the image with the field source_root or copy"
        )
    }

    static func localFindLinks(_ file: String, _ line: Int?, _ path: String) -> ImageSpecError {
        .invalidRequirements(
            file, line: line,
            "find-links names the local path \"\(path.shortened)\", which does not exist in the image when packages are installed",
            fix: "publish the packages to an index that the build can reach")
    }

    static func dynamicDependencies(_ file: String, _ line: Int?, _ field: String) -> ImageSpecError {
        .invalidRequirements(
            file, line: line,
            "\"\(field)\" is dynamic: the build backend computes it from files that are not in the image when packages are installed",
            fix:
                "list it in \(file) and run \"uv lock\", or run \"uv export --no-dev --no-emit-project -o requirements.txt\" and use that file"
        )
    }

    static func missingProjectKey(_ file: String, _ key: String) -> ImageSpecError {
        .invalidRequirements(
            file, line: nil, "the project has no \(key), which poetry requires",
            fix: "add it, or write \"package-mode = false\" in [tool.poetry]")
    }

    /// `isImplicit` if the spec does not name the version.
    static func pythonNotAllowed(
        _ file: String, _ line: Int?, range: String, version: String, isImplicit: Bool
    ) -> ImageSpecError {
        .invalidRequirements(
            file, line: line,
            "the project requires Python \"\(range.shortened)\", but the image has Python \(version)",
            fix: isImplicit ? "set python_version" : "change python_version")
    }

    static func unknownProjectPart(
        option: String, _ name: String, _ what: String, file: String, known: [String]
    ) -> ImageSpecError {
        let names = known.dropLast(2) + [known.suffix(2).joined(separator: " and ")]
        let fix =
            known.isEmpty
            ? "\(file) defines none; remove the option"
            : "\(file) defines " + names.joined(separator: ", ").shortened
        return ImageSpecError(
            .invalidField, field: "pip_extra_args",
            "\(option): unknown \(what) \"\(name.shortened)\"", fix: Fix(fix))
    }
}
