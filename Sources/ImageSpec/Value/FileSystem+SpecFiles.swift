// SPDX-License-Identifier: Apache-2.0

package import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Spec files, and outputs that a user names. Failures become errors of a spec.

extension FileSystem {
    /// Specs are written by people, or by programs for people.
    package static let maximumSpecSize = 1 << 20

    /// The bytes of a spec file. With a boundary, of a regular file in it; otherwise, of any file.
    package static func contents(
        ofSpecFile path: String, in boundary: Boundary? = nil, limit: Int = maximumSpecSize
    ) throws(ImageSpecError) -> [UInt8] {
        let result: Result<[UInt8], OutsideBoundary>
        do throws(Failure) {
            guard let boundary else { return try contents(path, .anyFiles, limit: limit) }
            result = try contents(path, in: boundary, limit: limit)
        } catch {
            throw .cannotUseSpec(path, error)
        }
        switch result {
        case .success(let bytes): return bytes
        case .failure(let outside): throw .outside(field: nil, path: path, outside)
        }
    }

    /// The bytes of a configuration file; `nil` if it does not exist.
    package static func contents(ofOptionalFile path: String) throws(ImageSpecError) -> [UInt8]? {
        do throws(Failure) {
            return try contents(path, .regularFilesOrNull)
        } catch {
            if error.isMissing { return nil }
            throw .unreadableFile(path, error)
        }
    }

    /// All bytes of standard input, which is a spec.
    package static func contentsOfStandardInput(
        limit: Int = maximumSpecSize
    ) throws(ImageSpecError) -> [UInt8] {
        do throws(Failure) {
            return try contents(descriptor: STDIN_FILENO, limit: limit)
        } catch {
            if error.code == Failure.tooLarge.code { throw .standardInputTooLarge }
            throw .unreadableStandardInput(reason: error.reason)
        }
    }

    /// Replaces the contents of a file atomically, also if the machine stops. The file keeps its mode. If it is a link, its target
    /// is replaced.
    ///
    /// The file is unchanged if its contents are not the expected ones.
    /// - Throws: ``ImageSpecError/Code/sourceChanged``, ``ImageSpecError/Code/unwritableOutput``,
    ///   ``ImageSpecError/Code/unreadableInput``, ``ImageSpecError/Code/missingInput``. No temporary file is left.
    package static func replaceContents(
        ofSpecFile path: String, with bytes: [UInt8], expected: [UInt8]
    ) throws(ImageSpecError) {
        do throws(Failure) {
            guard access(path, W_OK) == 0 else { throw .last }
            try replaceFile(realPath(path), with: bytes, expected: expected)
        } catch {
            if error.code == Failure.changed.code { throw .specChanged(path) }
            if error.isMissing { throw .cannotUseSpec(path, error) }
            throw .cannotReplaceSpec(path, error)
        }
    }

    /// The place of a file to write, with all links followed, and the kind of what exists there. Links to anything but a regular
    /// file are not followed.
    package static func outputPlace(_ path: String) throws(ImageSpecError) -> (place: [UInt8], kind: Kind?) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.last != UInt8(ascii: "/"), !bytes.contains(0) else {
            throw .unwritable(bytes, "not a valid file path")
        }
        let place: [UInt8]
        do throws(Failure) {
            if let kind = try kind(path) { return (kind == .file ? try realPath(bytes) : bytes, kind) }
            place = try targetOfLinks(bytes)
        } catch {
            throw .unwritable(bytes, error.reason)
        }
        let parent = folder(of: place)
        var status = stat()
        guard withCPath(parent, { stat($0, &status) }) == 0, kind(ofMode: status.st_mode) == .folder else {
            throw .parentMissing(path, parent: String(decoding: parent, as: UTF8.self))
        }
        return (place, nil)
    }
}

extension ImageSpecError {
    fileprivate static func specChanged(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged, "\"\(path)\" changed after it was read, so it was not overwritten",
            fix: "retry when no process is writing to it")
    }

    fileprivate static func cannotReplaceSpec(_ path: String, _ failure: FileSystem.Failure) -> ImageSpecError
    {
        ImageSpecError(
            .unwritableOutput, "cannot replace \"\(path)\": \(failure.reason)", fix: "the file is unchanged")
    }
}
