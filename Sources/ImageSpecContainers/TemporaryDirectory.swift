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
        // mkdtemp replaces the X by characters that no other name has.
        var template = Array((parent + "/imagespec-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw .noTemporaryDirectory(parent, Self.lastError) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The directory for temporary files. `/tmp` if its path could not be part of an argument with a syntax of its own, such as
    /// `--secret id=…,src=…`.
    static func parent(_ environment: (String) -> String? = ImageSpec.processEnvironment) -> String {
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

    /// Creates an empty file.
    func makeFile(_ name: String) throws(ImageSpecError) { try write([], to: name) }

    /// Writes a file that only this user can read.
    func write(_ bytes: [UInt8], to name: String) throws(ImageSpecError) {
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .noTemporaryDirectory(file, Self.lastError) }
        defer { close(descriptor) }
        do throws(FileSystem.Failure) {
            try FileSystem.writeAll(bytes[...], to: descriptor)
        } catch {
            throw .noTemporaryDirectory(file, error.reason)
        }
    }

    /// Checks that the file system stores the nanoseconds of file times, by which BuildKit detects changed files.
    func checkNanoseconds() throws(ImageSpecError) {
        let time = timespec(tv_sec: 1_000_000_000, tv_nsec: 123_456_789)
        var status = stat()
        guard utimensat(AT_FDCWD, path, [time, time], 0) == 0, stat(path, &status) == 0 else {
            throw .noTemporaryDirectory(path, Self.lastError)
        }
        #if canImport(Darwin)
        let found = status.st_mtimespec.tv_nsec
        #else
        let found = status.st_mtim.tv_nsec
        #endif
        if found == time.tv_nsec { return }
        throw .noTemporaryDirectory(
            path,
            "its file system does not store the nanoseconds of file times, by which BuildKit detects changed files"
        )
    }

    /// The text of a file in the directory, without white space at its ends; nil if it cannot be read.
    func text(of name: String) -> String? {
        guard let bytes = try? FileSystem.contents(path + "/" + name) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// Removes the directory and its contents, as far as possible. Follows no links.
    func remove() { Self.remove(path) }

    static func remove(_ path: String) { remove(Array(path.utf8CString)) }

    /// Removes what a directory contains, as far as possible. Follows no links.
    static func removeContents(of directory: String) {
        for name in names(in: Array(directory.utf8CString)) {
            remove(directory.utf8CString.dropLast() + [CChar(bitPattern: UInt8(ascii: "/"))] + name)
        }
    }

    private static var lastError: String { String(cString: strerror(errno)) }

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
