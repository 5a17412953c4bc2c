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
            try replaceFile(realPath(path), with: bytes, expected: expected)
        } catch {
            if error.code == Failure.changed.code { throw .specChanged(path) }
            if error.isMissing { throw .cannotUseSpec(path, error) }
            throw .cannotReplaceSpec(path, error)
        }
    }

    /// Writes a new file beside `path`, which is no link, and gives it that name: nothing is ever half there, whenever the
    /// machine stops.
    ///
    /// The file has `mode`; nil: that of the one which is replaced, or else what the umask leaves of 666. Where something
    /// else than `expected` stands there by now, that stays.
    static func replaceFile(
        _ path: [UInt8], with bytes: [UInt8], mode: mode_t? = nil, expected: [UInt8]? = nil
    ) throws(Failure) {
        let file = try TemporaryFile(beside: path, mode: mode)
        try file.write(bytes[...])
        try file.finish(isDurable: true)
        if let expected, try contents(path) != expected { throw .changed }
        try file.takePlace()
        synchronize(folder: folder(of: path))
    }

    /// So that the new name survives too. Some file systems cannot; the file itself is whole in any case.
    private static func synchronize(folder: [UInt8]) {
        let descriptor = withCPath(folder) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

// MARK: where files are written

extension FileSystem {
    /// Where a file is written: behind all links, also where nothing is there yet; and what is there now.
    ///
    /// What is no regular file may have no path but its own.
    static func outputPlace(_ path: String) throws(ImageSpecError) -> (place: [UInt8], kind: Kind?) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.last != UInt8(ascii: "/"), !bytes.contains(0) else {
            throw .unwritable(bytes, "it is no path of a file")
        }
        let place: [UInt8]
        do throws(Failure) {
            if let kind = try kind(path) { return (kind == .file ? try realPath(bytes) : bytes, kind) }
            place = try targetOfLinks(bytes)
        } catch {
            throw .unwritable(bytes, error.text)
        }
        let parent = folder(of: place)
        var status = stat()
        guard withCPath(parent, { stat($0, &status) }) == 0, kind(ofMode: status.st_mode) == .folder else {
            throw .parentMissing(path, parent: String(decoding: parent, as: UTF8.self))
        }
        return (place, nil)
    }

    /// What a link leads to that leads to nothing; of what is no link, the path itself.
    private static func targetOfLinks(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        var place = path
        // As many as Linux follows.
        for _ in 0..<40 {
            let target: [UInt8]
            do throws(Failure) {
                target = try linkTarget(place)
            } catch {
                if error.code == EINVAL || error.isMissing && !error.isTooLong { return place }
                throw error
            }
            let isAbsolute = target.first == UInt8(ascii: "/")
            place = isAbsolute ? target : folder(of: place) + [UInt8(ascii: "/")] + target
        }
        throw Failure(code: ELOOP)
    }

    /// The real path of a file's folder, with the file's own name.
    static func realPlace(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        let folder = try realPath(folder(of: path))
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let name = path[(slash.map { $0 + 1 } ?? path.startIndex)...]
        return (folder == [UInt8(ascii: "/")] ? [] : folder) + [UInt8(ascii: "/")] + name
    }

    /// The folder that a file's path names; `.` where it names none.
    private static func folder(of path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
        return Array(path[..<max(slash, path.startIndex + 1)])
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
