// SPDX-License-Identifier: Apache-2.0

package import ContentTree

/// The files of `requirements`: a pip requirements file with all files that it includes, or a lock file with its
/// `pyproject.toml`.
package struct RequirementFiles: Sendable {
    package enum Kind: Sendable {
        case pip, uvLock, poetryLock
    }

    package struct File: Sendable {
        /// Relative to the directory of the main file; may begin with `../`.
        package var name: String
        /// The bytes that are part of the tag: for pip, the logical lines, each with an LF; for a lock file, all bytes.
        package var bytes: [UInt8]
        /// The unmodified file.
        package var raw: [UInt8]
    }

    package var kind: Kind
    /// The last component of the declared path.
    package var name: String
    /// Sorted by the bytes of their names, with the main file under ``name``.
    package var files: [File]

    /// The digest of the manifest of the files.
    package var digest: SHA256Digest {
        var manifest: [UInt8] = []
        for file in files {
            var hasher = ContentHasher()
            file.bytes.withUnsafeBytes { hasher.update($0) }
            SourceTree.appendManifestEntry(.file, hasher.finalize(), file.name.utf8, to: &manifest)
        }
        return SHA256Digest(of: manifest)
    }

    /// Reads the file at a path relative to the working directory, and the files that it includes. All of them must be in the
    /// boundary.
    ///
    /// Where `report` is given, it gets the errors about what a pip requirements file includes, and the other files are read.
    package init(
        _ path: String, workingDirectory: String, in boundary: Boundary,
        report: ((ImageSpecError) -> Void)? = nil
    ) throws(ImageSpecError) {
        // A regular file may have such a name. The message shows the text as written, not as a path.
        if Path.isURL(path), !FileSystem.isRegularFile(Path.join(workingDirectory, path)) {
            throw .urlAsPath(field: "requirements", path, expected: "file")
        }
        guard path.utf8.last != UInt8(ascii: "/") else {
            throw .wrongKind(field: "requirements", path: Path.join(workingDirectory, path), expected: "file")
        }
        let main = Path.lexicallyNormalized(Path.join(workingDirectory, path))
        let folder = Path.folder(of: main)
        name = Path.lastComponent(main)
        switch Self.lockFileName(name) {
        case "uv.lock": kind = .uvLock
        case "poetry.lock": kind = .poetryLock
        default: kind = .pip
        }
        if kind == .pip {
            files = try Self.pipFiles(main, folder: folder, in: boundary, report: report)
        } else {
            let project = Path.join(folder, "pyproject.toml")
            let lock = try Self.read(main, in: boundary)
            let beside = try Self.read(project, in: boundary, besideLock: name)
            files = [
                File(name: name, bytes: lock, raw: lock),
                File(name: "pyproject.toml", bytes: beside, raw: beside),
            ]
        }
        files.sort { $0.name.precedesInUTF8($1.name) }
    }

    /// The name of a lock file; `nil` for any other path.
    package static func lockFileName(_ path: String) -> String? {
        ["uv.lock", "poetry.lock"].first { $0.hasSameBytes(as: Path.lastComponent(path)) }
    }

    private static func pipFiles(
        _ main: String, folder: String, in boundary: Boundary, report: ((ImageSpecError) -> Void)?
    ) throws(ImageSpecError) -> [File] {
        var files: [File] = []
        var seen: Set<ByteString> = [ByteString(main)]
        var waiting = [(path: main, include: ImageSpecError.Location?.none)]
        func readNext(_ path: String, _ include: ImageSpecError.Location?) throws(ImageSpecError) {
            let text = PipRequirements(try read(path, in: boundary, include: include), path: path)
            let lines = try text.logicalLines()
            for line in lines {
                do throws(ImageSpecError) {
                    guard let included = try text.included(by: line) else { continue }
                    let target = Path.lexicallyNormalized(Path.join(Path.folder(of: path), included))
                    if seen.insert(ByteString(target)).inserted {
                        waiting.append((target, .init(file: path, line: line.number)))
                    }
                } catch {
                    guard let report else { throw error }
                    report(error)
                }
            }
            let bytes = lines.flatMap { $0.text + [UInt8(ascii: "\n")] }
            files.append(
                File(name: Path.relative(path, from: folder), bytes: bytes, raw: text.bytes))
        }
        while let (path, include) = waiting.popLast() {
            do throws(ImageSpecError) {
                try readNext(path, include)
            } catch {
                guard let report, include != nil else { throw error }
                report(error)
            }
        }
        return files
    }

    /// `include` is the place of the line that includes the file.
    private static func read(
        _ path: String, in boundary: Boundary, include: ImageSpecError.Location? = nil,
        besideLock lock: String? = nil
    ) throws(ImageSpecError) -> [UInt8] {
        let field = lock.map { "requirements: required by \($0)" } ?? "requirements"
        func placed(_ error: ImageSpecError) -> ImageSpecError {
            include.map { include in
                error.map { ImageSpecError.Problem($0, locations: $0.locations + [include]) }
            } ?? error
        }
        let contents: Result<[UInt8], OutsideBoundary>
        do throws(FileSystem.Failure) {
            guard !path.utf8.contains(0) else { throw FileSystem.Failure.missing }
            contents = try FileSystem.contents(path, in: boundary)
        } catch {
            throw placed(.cannotUse(field: field, path: path, expected: "file", error))
        }
        switch contents {
        case .success(let bytes): return bytes
        case .failure(let outside): throw placed(.outside(field: field, path: path, outside))
        }
    }
}
