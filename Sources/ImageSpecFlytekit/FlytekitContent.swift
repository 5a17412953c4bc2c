// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The digests that flytekit uses in place of files.
enum FlytekitContent {
    /// SHA-1 of the requirements file without surrounding white space.
    static func requirementsDigest(
        _ path: String, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> String {
        let bytes = try FlytekitFiles.contents(
            Path.join(context.workingDirectory, path), field: "requirements", shown: Path.normalized(path),
            in: context.boundary)
        return Hexadecimal.text(SHA1.digest(of: bytes.withoutSurroundingWhiteSpace))
    }

    /// MD5 of the copied files: those in a directory with their paths in it, others with their names. Missing files are skipped.
    static func copyDigest(_ paths: [String], in context: ImageSpec.Context) throws(ImageSpecError)
        -> String
    {
        let boundary = context.boundary
        var hasher = MD5Hasher()
        for path in paths where !path.isEmpty {
            let place = Array(Path.join(context.workingDirectory, path).utf8)
            if FlytekitFiles.kind(place) == .folder {
                var files: [[UInt8]] = []
                FlytekitFiles.walk(place, withoutGitFolders: false, &files)
                for file in files {
                    try add(
                        FlytekitFiles.join(place, file), as: file,
                        shown: FlytekitFiles.join(Array(path.utf8), file), boundary, &hasher)
                }
            } else {
                try add(
                    place, as: Array(Path.lastComponent(path).utf8), shown: Array(path.utf8), boundary,
                    &hasher)
            }
        }
        return Hexadecimal.text(hasher.finalize())
    }

    private static func add(
        _ place: [UInt8], as name: [UInt8], shown: [UInt8], _ boundary: Boundary, _ hasher: inout MD5Hasher
    ) throws(ImageSpecError) {
        if FlytekitFiles.isPassedOver(place) { return }
        try FlytekitFiles.hash(place, as: name, shown: shown, field: "copy", in: boundary, into: &hasher)
    }

    /// MD5 of the files of a source root, sorted by path.
    static func sourceDigest(
        _ root: String, mode: ImageSpec.SourceCopyMode, in context: ImageSpec.Context,
        gitIgnored: ImageSpec.GitIgnored?
    ) throws(ImageSpecError) -> String {
        let folder = Path.join(context.workingDirectory, root)
        // In any mode, flytekit first runs git in the directory and reads the ignore file.
        guard !root.utf8.contains(0) else {
            throw .flytekit(.invalidField, "source_root", raises: "ValueError", "embedded null byte")
        }
        do throws(FileSystem.Failure) {
            guard let kind = try FileSystem.kind(folder) else { throw .missing }
            guard kind == .folder else { throw .notAFolder }
        } catch {
            throw .flytekitCannotRead(field: "source_root", path: Array(root.utf8), code: error.code)
        }
        var listing = ImageSpec.GitIgnored.Listing.nothing
        if mode == .all {
            guard let known = gitIgnored?[folder] else { throw .gitListingRequired(folder) }
            listing = known
        }
        let boundary = context.boundary
        let ignore = try FlytekitIgnore(sourceRoot: root, folder: folder, git: listing, in: boundary)
        var hasher = MD5Hasher()
        if mode == .all {
            try addAll(root, folder, ignore, boundary, &hasher)
        } else {
            try addLoadedModules(root, in: context, &hasher)
        }
        return Hexadecimal.text(hasher.finalize())
    }

    private static func addAll(
        _ root: String, _ folder: String, _ ignore: FlytekitIgnore, _ boundary: Boundary,
        _ hasher: inout MD5Hasher
    ) throws(ImageSpecError) {
        var files: [[UInt8]] = []
        FlytekitFiles.walk(Array(folder.utf8), withoutGitFolders: true, &files)
        var selected: [[UInt8]] = []
        for file in files where !FlytekitFiles.isPassedOver(FlytekitFiles.join(Array(folder.utf8), file)) {
            if try !ignore.leavesOut(file) { selected.append(file) }
        }
        for file in selected.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            try FlytekitFiles.hash(
                FlytekitFiles.join(Array(folder.utf8), file), as: file,
                shown: FlytekitFiles.join(Array(root.utf8), file), field: "source_root", in: boundary,
                into: &hasher)
        }
    }

    /// The loaded modules below the source root. A module that was loaded under two names counts twice.
    private static func addLoadedModules(
        _ root: String, in context: ImageSpec.Context, _ hasher: inout MD5Hasher
    ) throws(ImageSpecError) {
        // Python compares whole paths, so a source root that is relative or not in its shortest form has no modules.
        guard Path.isAbsolute(root), commonFolder(root, root).hasSameBytes(as: root) else { return }
        guard let modules = context.loadedModules else { throw .loadedModulesRequired(root) }
        let working = context.folder
        let boundary = context.boundary
        let files = modules.map {
            Path.isAbsolute($0) ? $0 : Path.lexicallyNormalized(Path.join(working, $0))
        }
        .filter { commonFolder($0, root).hasSameBytes(as: root) }
        .sorted { $0.precedesInUTF8($1) }
        for file in files {
            let relative = Path.relative(
                Path.lexicallyNormalized(file), from: Path.lexicallyNormalized(root))
            try FlytekitFiles.hash(
                Array(file.utf8), as: Array(relative.utf8), shown: Array(file.utf8), field: "source_root",
                in: boundary, into: &hasher)
        }
    }

    /// `os.path.commonpath` of two absolute paths.
    private static func commonFolder(_ left: String, _ right: String) -> String {
        func parts(_ path: String) -> [Substring.UTF8View.SubSequence] {
            Substring(path).utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        }
        let shared = zip(parts(left), parts(right)).prefix { $0.elementsEqual($1) }
        return "/" + shared.map { String(decoding: $0.0, as: UTF8.self) }.joined(separator: "/")
    }
}
