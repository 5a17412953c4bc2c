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

    /// The text of a file of at most `limit` bytes. Follows links.
    package static func text(ofProjectFile path: String, limit: Int) -> TextFile {
        do throws(Failure) {
            let bytes = try contents(path, limit: limit)
            let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
            return String(validating: text, as: UTF8.self).map(TextFile.text) ?? .unusable("it is not UTF-8")
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: return .missing
            case EISDIR: return .unusable("it is a directory")
            case EFBIG: return .unusable("it is larger than \(limit) bytes")
            default: return .unusable(error == .notRegular ? "it is not a regular file" : error.reason)
            }
        }
    }

    /// The real path of a project's directory, which can be listed.
    package static func realPath(ofProject path: String) throws(ImageSpecError) -> [UInt8] {
        do throws(Failure) {
            guard !path.isEmpty, !path.utf8.contains(0), let kind = try kind(path) else {
                throw Failure.missing
            }
            guard kind == .folder else { throw Failure.notAFolder }
            _ = try entries(ofDirectory: Array(path.utf8))
            return try realPath(path)
        } catch {
            throw .cannotUse(field: "directory", path: path, expected: "directory", error)
        }
    }

    /// Writes a new file. If writing fails, no file is left behind.
    package static func create(_ path: String, holding bytes: [UInt8]) throws(ImageSpecError) {
        do throws(Failure) {
            try createFile(Array(path.utf8), with: bytes)
        } catch {
            if error.code == EEXIST { throw .outputExists(path) }
            throw .unwritable(Array(path.utf8), error.reason)
        }
    }
}

extension ImageSpecError {
    static func outputExists(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, found: path, "\"\(path.shortened)\" already exists",
            fix: Fix("move it, or write to another file", action: .chooseOutput))
    }

    /// A path that cannot be written; `expected` says what it must be.
    package static func wrongOutput(_ path: String, _ expected: String, fix: Fix) -> ImageSpecError {
        ImageSpecError(.unwritableOutput, found: path, "\"\(path.shortened)\" \(expected)", fix: fix)
    }
}
