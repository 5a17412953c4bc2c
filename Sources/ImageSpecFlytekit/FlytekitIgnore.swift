// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The files of a source root that flytekit excludes: those that git ignores, those in its `.dockerignore`, and Python's caches.
///
/// Paths are matched relative to the source root only if that is absolute. Otherwise the source root, as written, is part of the
/// path, so most rules do not match.
struct FlytekitIgnore {
    private let folder: [UInt8]
    private let prefix: [UInt8]
    private let git: Lines
    private let gitFolders: Lines
    private let docker: DockerPyPatterns

    /// Reads the rules for a source root as declared, in its directory, with the output of git there.
    init(
        sourceRoot: String, folder: String, git listing: ImageSpec.GitIgnored.Listing,
        in boundary: Boundary
    ) throws(ImageSpecError) {
        self.folder = Array(folder.utf8)
        prefix = Path.isAbsolute(sourceRoot) ? [] : FlytekitFiles.join(Array(sourceRoot.utf8), [])
        git = try Lines(listing.files, of: "git ls-files")
        gitFolders = try Lines(listing.directories, of: "git ls-files")
        docker = DockerPyPatterns(try Self.dockerIgnore(of: folder, in: boundary))
    }

    private static func dockerIgnore(
        of folder: String, in boundary: Boundary
    ) throws(ImageSpecError) -> String {
        let path = Path.join(folder, ".dockerignore")
        guard FlytekitFiles.kind(Array(path.utf8)) == .file else { return "" }
        guard
            let text = String(
                validating: try FlytekitFiles.contents(path, field: "source_root", shown: path, in: boundary),
                as: UTF8.self
            )
        else {
            throw .flytekit(
                .invalidIgnoreFile, ".dockerignore", raises: "UnicodeDecodeError",
                "'utf-8' codec can't decode the file")
        }
        return text
    }

    /// Whether a file is excluded. The path is relative to the source root.
    func leavesOut(_ path: [UInt8]) throws(ImageSpecError) -> Bool {
        let path = prefix + path
        if gitLeavesOut(path) { return true }
        if try docker.leavesOut(PythonText(fileName: path)) { return true }
        return Self.isLeftBehind(path)
    }

    private func gitLeavesOut(_ path: [UInt8]) -> Bool {
        if git.isEmpty { return false }
        let plain = path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
            .joined(separator: [UInt8(ascii: "/")])
        if git.contains(Array(plain)) { return true }
        // flytekit looks for the path below the source root, which is part of the path if it is relative.
        guard !gitFolders.isEmpty, !prefix.isEmpty,
            FlytekitFiles.kind(FlytekitFiles.join(folder, path)) == .folder
        else { return false }
        return gitFolders.contains(Array(plain) + [UInt8(ascii: "/")])
    }

    /// `*.pyc`, `.cache`, `.cache/*`, `__pycache__/*`, `**/__pycache__/*`, where `*` matches any text.
    private static func isLeftBehind(_ path: [UInt8]) -> Bool {
        let text = path[...]
        return text.suffix(4).elementsEqual(".pyc".utf8) || text.elementsEqual(".cache".utf8)
            || text.starts(with: ".cache/".utf8) || text.starts(with: "__pycache__/".utf8)
            || text.indices.contains { text[$0...].starts(with: "/__pycache__/".utf8) }
    }

    /// The output of git, one path per line.
    private struct Lines {
        private var lines: Set<[UInt8]>

        init(_ output: [UInt8], of command: String) throws(ImageSpecError) {
            guard String(validating: output, as: UTF8.self) != nil else {
                throw .flytekit(
                    .unreadableInput, "source_root", raises: "UnicodeDecodeError",
                    "'utf-8' codec can't decode the output of \(command)")
            }
            lines = Set(
                output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map(
                    Array.init))
        }

        var isEmpty: Bool { lines.isEmpty }

        func contains(_ line: [UInt8]) -> Bool { lines.contains(line) }
    }
}
