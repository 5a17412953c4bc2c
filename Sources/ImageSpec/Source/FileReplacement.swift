// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FileSystem {
    /// Replaces the contents of a file at once: whoever reads it sees the old bytes or the new ones, whenever the machine
    /// stops. It keeps its mode; a link stays, and its target is replaced.
    ///
    /// Where something else than what is expected stands there by now, that stays.
    /// - Throws: ``ImageSpecError/Code/sourceChanged``, ``ImageSpecError/Code/unwritableOutput``,
    ///   ``ImageSpecError/Code/unreadableInput``, ``ImageSpecError/Code/missingInput``. Nothing is left behind then.
    package static func replaceContents(
        ofSpecFile path: String, with bytes: [UInt8], expected: [UInt8]
    ) throws(ImageSpecError) {
        do throws(Failure) {
            guard access(path, W_OK) == 0 else { throw .last }
            let target = try realPath(path)
            let folder = target.lastIndex(of: UInt8(ascii: "/")).map { Array(target[...$0]) } ?? []
            var status = stat()
            guard withCPath(target, { stat($0, &status) }) == 0 else { throw .last }

            // Beside the file, since only within a file system can it take its place. The six X are
            // for the letters of mkstemp.
            var template = folder + Array(".imagespec-XXXXXX".utf8) + [0]
            let descriptor = template.withUnsafeMutableBytes { buffer in
                mkstemp(buffer.bindMemory(to: CChar.self).baseAddress.unsafelyUnwrapped)
            }
            guard descriptor >= 0 else { throw .last }
            let temporary = Array(template.dropLast())
            var isInPlace = false
            defer {
                close(descriptor)
                if !isInPlace { _ = withCPath(temporary) { unlink($0) } }
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            try write(bytes, to: descriptor)
            // Not everybody may give files away; the mode comes after, since that takes bits of it away.
            _ = fchown(descriptor, status.st_uid, status.st_gid)
            guard fchmod(descriptor, status.st_mode & 0o7777) == 0, fsync(descriptor) == 0 else {
                throw .last
            }

            guard try contents(path) == expected else { throw Failure.changed }
            let result = withCPath(temporary) { from in withCPath(target) { to in rename(from, to) } }
            guard result == 0 else { throw .last }
            isInPlace = true
            synchronize(folder: folder)
        } catch {
            if error.code == Failure.changed.code { throw .specChanged(path) }
            if error.isMissing { throw .cannotUseSpec(path, error) }
            throw .cannotReplaceSpec(path, error)
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                Glibc.write(descriptor, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                Musl.write(descriptor, buffer.baseAddress, buffer.count)
                #else
                Darwin.write(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                throw .last
            }
        }
    }

    /// So that the new name survives too. Some file systems cannot; the file itself is whole in any case.
    private static func synchronize(folder: [UInt8]) {
        let descriptor = withCPath(folder.isEmpty ? [UInt8(ascii: ".")] : folder) {
            open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

extension FileSystem.Failure {
    /// No call fails with it.
    fileprivate static let changed = FileSystem.Failure(code: -1)
}

extension ImageSpecError {
    fileprivate static func specChanged(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged,
            "\"\(path)\" changed since it was read, and was left as it is; try again when nothing writes to it"
        )
    }

    fileprivate static func cannotReplaceSpec(_ path: String, _ failure: FileSystem.Failure) -> ImageSpecError
    {
        ImageSpecError(
            .unwritableOutput,
            "\"\(path)\" cannot be replaced, and stays as it is: \(failure.text); put that right, and try again"
        )
    }
}
