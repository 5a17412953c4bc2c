// SPDX-License-Identifier: Apache-2.0

package import ContentTree

/// What `requirements` stands for: a pip requirements file with all the files that it includes, or a lock
/// file with its `pyproject.toml`.
package struct RequirementFiles: Sendable {
    package enum Kind: Sendable {
        case pip, uvLock, poetryLock
    }

    package struct File: Sendable {
        /// Relative to the directory of the main file; may begin with `../`.
        package var name: String
        /// What counts of the file: for pip its logical lines, each with an LF; for a lock file all bytes.
        package var bytes: [UInt8]
        /// The unmodified file.
        package var raw: [UInt8]
    }

    package var kind: Kind
    /// The last component of the declared path.
    package var name: String
    /// By the bytes of their names. The main file is among them, under ``name``.
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

    /// Reads the file at `path`, counted from `workingDirectory`, and what it includes.
    package init(_ path: String, workingDirectory: String) throws(ImageSpecError) {
        // A file of such a name is one; and a message shows what was written, not what a path makes of it.
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
            files = try Self.pipFiles(main, folder: folder)
        } else {
            let project = Path.join(folder, "pyproject.toml")
            let lock = try Self.read(main)
            let beside = try Self.read(project, besideLock: name)
            files = [
                File(name: name, bytes: lock, raw: lock),
                File(name: "pyproject.toml", bytes: beside, raw: beside),
            ]
        }
        files.sort { $0.name.precedesInUTF8($1.name) }
    }

    /// The name of a path's last component, where it is that of a lock file.
    static func lockFileName(_ path: String) -> String? {
        ["uv.lock", "poetry.lock"].first { $0.hasSameBytes(as: Path.lastComponent(path)) }
    }

    private static func pipFiles(_ main: String, folder: String) throws(ImageSpecError) -> [File] {
        var files: [File] = []
        var seen: Set<ByteString> = [ByteString(main)]
        var waiting = [(path: main, includedBy: String?.none)]
        while let (path, includedBy) = waiting.popLast() {
            let text = PipRequirements(try read(path, includedBy: includedBy), path: path)
            let lines = try text.logicalLines()
            for line in lines {
                guard let included = try text.included(by: line) else { continue }
                let target = Path.lexicallyNormalized(Path.join(Path.folder(of: path), included))
                if seen.insert(ByteString(target)).inserted { waiting.append((target, path)) }
            }
            let bytes = lines.flatMap { $0.text + [UInt8(ascii: "\n")] }
            files.append(
                File(name: Path.relative(path, from: folder), bytes: bytes, raw: text.bytes))
        }
        return files
    }

    private static func read(
        _ path: String, includedBy: String? = nil, besideLock lock: String? = nil
    ) throws(ImageSpecError) -> [UInt8] {
        let why =
            includedBy.map { "included by \"\($0)\"" } ?? lock.map { "required by \($0)" }
        let field = why.map { "requirements: " + $0 } ?? "requirements"
        do throws(FileSystem.Failure) {
            guard !path.utf8.contains(0) else {
                throw FileSystem.Failure(code: FileSystem.Failure.missing.code)
            }
            guard let kind = try FileSystem.kind(path) else { throw FileSystem.Failure.missing }
            guard kind == .file else { throw FileSystem.Failure.notAFile }
            return try FileSystem.contents(path)
        } catch {
            throw .cannotUse(field: field, path: path, expected: "file", error)
        }
    }
}

/// The text of a pip requirements file.
///
/// Source: pip's requirements file format; identity.md fixes what pip leaves open.
struct PipRequirements {
    struct Line {
        package var text: [UInt8]
        /// Where it begins in the file, from 1.
        package var number: Int
    }

    package let bytes: [UInt8]
    package let path: String

    package init(_ bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
    }

    /// The lines as pip sees them: joined where one ends in a backslash, without comments, white space at their
    /// ends, and empty ones.
    func logicalLines() throws(ImageSpecError) -> [Line] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .invalidRequirements(path, line: nil, "not valid UTF-8; save the file as UTF-8")
        }
        var logical: [Line] = []
        var open: Line?
        func isComment(_ line: ArraySlice<UInt8>) -> Bool {
            line.first { !Self.isWhiteSpace($0) } == UInt8(ascii: "#")
        }
        for (index, line) in physicalLines().enumerated() {
            if isComment(line) {
                // It is no continuation, and has none.
                if let finished = open { logical.append(finished) }
                open = nil
                continue
            }
            var current = open ?? Line(text: [], number: index + 1)
            current.text += line
            if line.last == UInt8(ascii: "\\") {
                current.text.removeLast()
                open = current
            } else {
                logical.append(current)
                open = nil
            }
        }
        if let open { logical.append(open) }
        return logical.compactMap { line in
            let text = Self.trimmed(Self.withoutComment(line.text))
            return text.isEmpty ? nil : Line(text: Array(text), number: line.number)
        }
    }

    /// Lines end at LF, CR LF or CR.
    private func physicalLines() -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                lines.append(bytes[start..<index])
                if byte == UInt8(ascii: "\r"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\n")
                {
                    index += 1
                }
                start = index + 1
            }
            index += 1
        }
        if start < bytes.count { lines.append(bytes[start...]) }
        return lines
    }

    private static func withoutComment(_ line: [UInt8]) -> ArraySlice<UInt8> {
        for index in line.indices where line[index] == UInt8(ascii: "#") {
            if index == 0 || isWhiteSpace(line[index - 1]) { return line[..<index] }
        }
        return line[...]
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = line.drop(while: isWhiteSpace)
        guard let last = rest.lastIndex(where: { !isWhiteSpace($0) }) else { return [] }
        return rest[...last]
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// The name of the file that a logical line includes; nil if it includes none, or one that lies elsewhere
    /// than in files (`http:`, `https:`, `file:`).
    func included(by line: Line) throws(ImageSpecError) -> String? {
        guard var rest = Self.argumentOfInclude(line.text) else { return nil }
        func problem(_ what: String) -> ImageSpecError { .invalidRequirements(path, line: line.number, what) }
        let name: ArraySlice<UInt8>
        if let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: quote) else {
                throw problem("unclosed quote in the name of an included file; close it")
            }
            name = rest[..<end]
        } else {
            name = rest.prefix { !Self.isWhiteSpace($0) }
        }
        guard !name.isEmpty else {
            throw problem("include without a file name; add one, or remove the line")
        }
        guard name.first != UInt8(ascii: "/") else {
            throw problem(
                "absolute path of an included file, which would make the image name depend on this machine; use a relative path"
            )
        }
        let text = String(decoding: name, as: UTF8.self)
        let start = text.utf8.prefix(6).map { $0 | 0x20 }
        if ["http:", "https:", "file:"].contains(where: { start.starts(with: $0.utf8.map { $0 | 0x20 }) }) {
            return nil
        }
        return text
    }

    /// What follows `-r`, `-c`, `--requirement` or `--constraint`, from the first character of the name on.
    private static func argumentOfInclude(_ line: [UInt8]) -> ArraySlice<UInt8>? {
        let equals = UInt8(ascii: "=")
        for option in ["--requirement", "--constraint"] where line.starts(with: option.utf8) {
            let rest = line.dropFirst(option.utf8.count)
            guard let next = rest.first else { return rest }
            if next == equals { return rest.dropFirst() }
            return isWhiteSpace(next) ? rest.drop(while: isWhiteSpace) : nil
        }
        for option in ["-r", "-c"] where line.starts(with: option.utf8) {
            let rest = line.dropFirst(option.utf8.count)
            return rest.first == equals ? rest.dropFirst() : rest.drop(while: isWhiteSpace)
        }
        return nil
    }
}
