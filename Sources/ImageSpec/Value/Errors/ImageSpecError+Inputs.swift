// SPDX-License-Identifier: Apache-2.0

package import ContentTree

// Errors about the files and directories that a spec names.

extension ImageSpecError {
    package static func cannotUse(
        field: String, path: String, expected: String, _ failure: FileSystem.Failure
    )
        -> ImageSpecError
    {
        let wrongKind = expected == "directory" ? FileSystem.Failure.notAFolder : .notAFile
        if failure == wrongKind || failure == .notRegular {
            return self.wrongKind(field: field, path: path, expected: expected)
        }
        if failure.isMissing { return missing(field: field, path: path, expected: expected) }
        return unreadable(field: field, path: path, reason: failure.reason)
    }

    static func cannotUseSpec(_ path: String, _ failure: FileSystem.Failure) -> ImageSpecError {
        let (code, reason, fix): (Code, String, Fix?) =
            switch failure.code {
            case FileSystem.Failure.notAFile.code: (.missingInput, "is a directory", fixForFolder(path))
            case FileSystem.Failure.tooLarge.code:
                (.invalidDocument, "is too large\(size(of: path))", fixForLargeSpec)
            default:
                if failure.isMissing {
                    danglingLink(path).map { (.missingInput, $0, "correct or remove the link") }
                        ?? (.missingInput, "does not exist", fixForMissingSpec(path))
                } else {
                    (.unreadableInput, "cannot be read: \(failure.reason)", nil)
                }
            }
        return ImageSpecError(code, found: path, "\(shown(path)) \(reason)", fix: fix, underlying: failure)
    }

    private static func size(of path: String) -> String {
        let size = (try? FileSystem.size(ofFile: path)) ?? 0
        return size > FileSystem.maximumSpecSize ? " (\((size + 1 << 19) >> 20) MiB)" : ""
    }

    private static let fixForLargeSpec = Fix("a spec can be at most \(FileSystem.maximumSpecSize >> 20) MiB")

    static let standardInputTooLarge = ImageSpecError(
        .invalidDocument, "standard input is too large", fix: fixForLargeSpec)

    /// What is wrong with a link to nowhere; nil if nothing is there at all.
    private static func danglingLink(_ path: String) -> String? {
        (try? FileSystem.linkTarget(Array(path.utf8))).map {
            "is a symbolic link to \"\(String(decoding: $0, as: UTF8.self))\", which does not exist"
        }
    }

    /// A directory in place of a spec: the spec in it, if it has the usual name.
    private static func fixForFolder(_ path: String) -> Fix {
        let usual = Path.join(path, "image.yaml")
        guard (try? FileSystem.kind(usual)) == .file else { return "pass the path of a spec file" }
        return Fix("pass \"\(usual.shortened(to: 200))\"")
    }

    private static func fixForMissingSpec(_ path: String) -> Fix {
        let folder = Path.folder(of: path)
        guard let nearest = nearestSpec(to: path) else { return .passSpec }
        let suggestion = folder == "." && !path.hasPrefix("./") ? nearest : Path.join(folder, nearest)
        return Fix("did you mean \"\(suggestion)\"?")
    }

    /// What is called almost like a missing spec, in the same folder.
    private static func nearestSpec(to path: String, except other: String? = nil) -> String? {
        let folder = Path.folder(of: path)
        let other = other.map { Path.lexicallyNormalized($0) }
        let names = (FileSystem.listing(ofFolder: folder)?.entries ?? []).filter { entry in
            entry.kind == .file && [".yaml", ".yml", ".json"].contains(where: entry.name.hasSuffix)
                && other != Path.lexicallyNormalized(Path.join(folder, entry.name))
        }
        return Suggestion.nearest(to: Path.lastComponent(path), among: names.map(\.name))
    }

    /// The error of a base that is a file, with what to write in the spec if the file is missing.
    func suggestingBase(at path: String, written text: String, in source: String) -> ImageSpecError {
        let problem = problems[0]
        guard let failure = problem.underlying as? FileSystem.Failure, failure.isMissing,
            Self.danglingLink(path) == nil
        else { return self }
        let fix = Self.nearestSpec(to: path, except: source).map {
            Fix("did you mean \"\(Path.join(Path.folder(of: text), $0))\"?")
        }
        return ImageSpecError(
            Problem(problem, fix: fix ?? "the path is relative to the directory of the spec"))
    }

    package static func missing(field: String, path: String, expected: String) -> ImageSpecError {
        let isPattern = Path.lastComponent(path).utf8.contains { "*?[".utf8.contains($0) }
        let link = danglingLink(path)
        let folder = Path.folder(of: path)
        // The folder of the context is a frequent mistake.
        let isFolderMissing = link == nil && folder != "." && (try? FileSystem.kind(folder)) == nil
        let absence =
            "does not exist"
            + (isFolderMissing ? ", nor does the directory \(shown(Path.normalized(folder)))" : "")
            + "; expected a \(expected)"
        return ImageSpecError(
            .missingInput, field: field, found: path, "\(shown(path)) \(link ?? absence)",
            fix: isPattern
                ? "patterns are not expanded; use the path of a directory"
                : link != nil
                    ? "correct or remove the link"
                    : nearest(to: path).map { Fix("did you mean \"\($0)\"?") } ?? fixForDirectory(field))
    }

    /// For fields of specs; other paths do not depend on the context.
    private static func fixForDirectory(_ field: String) -> Fix? {
        guard ImageSpec.Field.all.contains(where: { $0.name == field.prefix { $0 != "[" } }) else {
            return nil
        }
        return Fix(
            "paths are relative to the directory of the context, which you can set with Context(besideFile: #filePath)",
            action: .chooseDirectory)
    }

    /// What is called almost like a missing file, in the same folder.
    private static func nearest(to path: String) -> String? {
        let names = (FileSystem.listing(ofFolder: Path.folder(of: path))?.entries ?? []).map(\.name)
        return Suggestion.nearest(to: Path.lastComponent(path), among: names)
    }

    /// A URL is not a path, though it could be read as one.
    package static func urlAsPath(field: String, _ url: String, expected: String) -> ImageSpecError {
        let isFile = url.asciiLowercased.utf8.starts(with: "file:".utf8)
        return ImageSpecError(
            .missingInput, field: field, found: url, "\"\(url)\" is a URL, not a \(expected)",
            fix: isFile ? "write the path without \"file://\"" : "download it and give its local path")
    }

    static func wrongKind(field: String, path: String, expected: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: field, found: path, "\(shown(path)) is not a \(expected)",
            fix: "use the path of a \(expected)")
    }

    /// A file or directory that is outside the project directory, or that a link outside leads to.
    package static func outside(
        field: String?, path: String, _ outside: OutsideBoundary
    ) -> ImageSpecError {
        let real = String(decoding: outside.real, as: UTF8.self)
        let project = String(decoding: outside.project, as: UTF8.self)
        let isLink = !Path.lexicallyNormalized(Path.join(CurrentProcess.workingDirectory, path)).hasSameBytes(
            as: real)
        let directory = outside.isFolder ? outside.real : FileSystem.folder(of: outside.real)
        return ImageSpecError(
            .outsideProject, field: field, found: path,
            shown(path) + (isLink ? " leads to \"\(real)\", which is" : " is")
                + " outside the project directory \"\(project)\" (the git work tree or, without one, the directory of the spec)",
            fix: .allowing(directory))
    }

    package static func unreadable(field: String, path: String, reason: String) -> ImageSpecError {
        ImageSpecError(.unreadableInput, field: field, found: path, "cannot read \(shown(path)): \(reason)")
    }

    static func pathTooLong(field: String, path: String) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput, field: field, found: path,
            "cannot read \(shown(path.shortened)): its path in the directory is longer than "
                + "\(SourceTree.maximumPathLength) bytes, which is the limit",
            fix: Fix("shorten it, or \(exclusion(field))"))
    }

    static func fileTooLarge(field: String, path: String) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput, field: field, found: path,
            "cannot read \(shown(path)): the file is larger than \(SourceTree.maximumFileSize >> 40) TiB",
            fix: Fix(exclusion(field)))
    }

    private static func exclusion(_ field: String) -> String {
        field == "source_root" ? "exclude it in .gitignore or .dockerignore" : "remove it"
    }

    static func unreadableFile(_ path: String, _ failure: FileSystem.Failure) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput, found: path, "cannot read \"\(path)\": \(failure.reason)", underlying: failure)
    }

    static func unreadableStandardInput(reason: String) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput, "cannot read standard input: \(reason)",
            fix: "pass the path of a spec file instead of -")
    }

    static func missingModule(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, at: [Location(subject: "loaded modules")], found: path,
            "\(shown(path)) does not exist or is not a file", fix: "remove it from the list")
    }

    package static func sourceChanged(_ path: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged, found: path, "\(shown(path)) changed while it was in use: \(what)",
            fix: "retry when no process is writing to it")
    }

    /// A path as messages show it: relative to the working directory of the process if it is below it, followed by that
    /// directory.
    private static func shown(_ path: String) -> String {
        let here = CurrentProcess.workingDirectory
        let prefix = here.utf8.last == UInt8(ascii: "/") ? here : here + "/"
        // Below the root is everything.
        let isBelow = here != "/" && path.utf8.starts(with: prefix.utf8)
        let short = isBelow ? String(Substring(path.utf8.dropFirst(prefix.utf8.count))) : path
        // A path that was joined to the directory of a spec can have "./" in it; one that ends in a slash keeps that.
        var plain = Path.normalized(short)
        if short.utf8.last == UInt8(ascii: "/"), plain.utf8.last != UInt8(ascii: "/") { plain += "/" }
        let text = "\"" + plain + "\""
        // A working directory that is not UTF-8 has no path to show.
        return Path.isAbsolute(short) || here == "." ? text : text + " (in " + here + ")"
    }
}
