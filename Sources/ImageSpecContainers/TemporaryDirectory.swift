// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A directory for one build with access for this user only. Contains the context, links to secrets, and engine output.
struct TemporaryDirectory: Sendable {
    let path: String

    /// Creates the directory in the system's directory for temporary files.
    init(environment: (String) -> String? = ImageSpec.processEnvironment) throws(ImageSpecError) {
        let parent = Self.parent(environment)
        var template = Array((parent + "/imagespec-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw .noTemporaryDirectory(parent, Self.lastError) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The directory for temporary files, where its path can stand in arguments that have a syntax of their own, as
    /// `--secret id=…,src=…`; else `/tmp`.
    private static func parent(_ environment: (String) -> String?) -> String {
        guard let folder = environment("TMPDIR"), !folder.isEmpty else { return "/tmp" }
        let path = LocalFile.absolute(folder)
        let isPlain = path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && !"\"'`,\\".utf8.contains($0) }
        return isPlain ? path : "/tmp"
    }

    /// Makes a link in the directory and returns its path. So no path of the user is ever part of an argument that has a
    /// syntax of its own, and none is shown to other users of the machine.
    func link(_ name: String, to target: String) throws(ImageSpecError) -> String {
        let link = path + "/" + name
        guard symlink(target, link) == 0 else { throw .noTemporaryDirectory(link, Self.lastError) }
        return link
    }

    func makeFolder(_ name: String) throws(ImageSpecError) -> String {
        let folder = path + "/" + name
        guard mkdir(folder, 0o700) == 0 else { throw .noTemporaryDirectory(folder, Self.lastError) }
        return folder
    }

    /// The text of a small file in the directory, without white space at its ends; nil if there is none.
    func text(of name: String) -> String? { Self.text(path + "/" + name) }

    /// Removes the directory and its contents, as far as possible. Follows no links.
    func remove() { Self.remove(Array(path.utf8CString)) }

    private static var lastError: String { String(cString: strerror(errno)) }

    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&buffer, 1, buffer.count, file)
        let text = String(decoding: buffer[..<count], as: UTF8.self)
        return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// A path that ends in NUL: names in a context are bytes, which need not be UTF-8.
    private static func remove(_ path: [CChar]) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in names(in: path) {
            remove(path.dropLast() + [CChar(bitPattern: UInt8(ascii: "/"))] + name)
        }
        rmdir(path)
    }

    /// The names in a directory, each ending in NUL.
    private static func names(in folder: [CChar]) -> [[CChar]] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map(CChar.init(bitPattern:)) + [0]
            }
            let dot = CChar(bitPattern: UInt8(ascii: "."))
            if name != [dot, 0] && name != [dot, dot, 0] { names.append(name) }
        }
        return names
    }
}
