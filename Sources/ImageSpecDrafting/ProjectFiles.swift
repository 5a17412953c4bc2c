// SPDX-License-Identifier: Apache-2.0

package import ContentTree
package import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// The project files that drafting reads, and the file that it writes.

extension FileSystem {
    /// The text of a project file, each of which may be missing.
    package enum TextFile: Equatable, Sendable {
        case missing
        case text(String)
        /// The file exists but cannot be used, for this reason.
        case unusable(String)
    }

    /// The text of a file of at most `limit` bytes. Follows links; does not wait for a pipe.
    package static func text(ofProjectFile path: String, limit: Int) -> TextFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let failure = Failure.last
            return failure.code == ENOENT || failure.code == ENOTDIR ? .missing : .unusable(failure.reason)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .unusable(Failure.last.reason) }
        switch kind(ofMode: status.st_mode) {
        case .file: break
        case .folder: return .unusable("it is a directory")
        case .link, .other: return .unusable("it is not a regular file")
        }
        guard Int(status.st_size) <= limit else {
            return .unusable("it is larger than \(limit) bytes")
        }
        do throws(Failure) {
            let bytes = try contents(descriptor: descriptor)
            let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
            return String(validating: text, as: UTF8.self).map(TextFile.text) ?? .unusable("it is not UTF-8")
        } catch {
            return .unusable(error.reason)
        }
    }

    /// The real path of a project's directory.
    package static func realPath(ofProject path: String) throws(ImageSpecError) -> String {
        do throws(Failure) {
            guard !path.isEmpty, !path.utf8.contains(0), let kind = try kind(path) else {
                throw Failure.missing
            }
            guard kind == .folder else { throw Failure.notAFolder }
            let real = try realPath(path)
            guard listing(ofFolder: path) != nil else { throw Failure.last }
            return String(decoding: real, as: UTF8.self)
        } catch {
            throw .cannotUse(field: "directory", path: path, expected: "directory", error)
        }
    }

    /// Writes a new file. If writing fails, no file is left behind.
    package static func create(_ path: String, holding bytes: [UInt8]) throws(ImageSpecError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .outputExists(path) }
            throw .unwritable(Array(path.utf8), Failure.last.reason)
        }
        var failure: Failure?
        do throws(Failure) {
            try writeAll(bytes[...], to: descriptor)
        } catch {
            failure = error
        }
        // Some file systems report only when a file is closed that they are full.
        if close(descriptor) != 0, failure == nil { failure = .last }
        guard let failure else { return }
        unlink(path)
        throw .unwritable(Array(path.utf8), failure.reason)
    }
}

extension ImageSpecError {
    static func outputExists(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, found: path, "\"\(path.shortened)\" already exists",
            fix: Fix("move it, or write to another file", action: .chooseOutput))
    }

    /// `expected` says what would do.
    package static func wrongOutput(_ path: String, _ expected: String, fix: Fix) -> ImageSpecError {
        ImageSpecError(.unwritableOutput, found: path, "\"\(path.shortened)\" \(expected)", fix: fix)
    }
}
