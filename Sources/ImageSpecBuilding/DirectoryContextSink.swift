// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes files, directories and links below one directory that was empty, and can remove all of them again.
///
/// Paths are bytes, relative to that directory. Links are not followed, and nothing is overwritten.
final class DirectoryContextSink: ContextSink {
    private let root: Int32
    private let rootPath: [UInt8]
    /// The modification time of everything, in seconds since 1970.
    private let time: Int
    /// Whether the root was created.
    private let isMade: Bool
    private var folders: [[UInt8]] = []
    /// Files and links.
    private var others: [[UInt8]] = []

    /// Opens the directory, or creates it in one that exists.
    init(_ directory: String, time: Int = RenderingConstants.timeStamp) throws(ImageSpecError) {
        self.time = time
        let path = Array(directory.utf8)
        guard !path.isEmpty, !path.contains(0) else {
            throw .unwritable(path, "not a valid directory path")
        }
        isMade = try Self.makeFolder(directory, path)
        do throws(ImageSpecError) {
            let descriptor = FileSystem.withCPath(path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            guard descriptor >= 0 else { throw .unwritable(path, FileSystem.Failure.last.reason) }
            do throws(ImageSpecError) {
                guard try Self.isEmpty(descriptor, path) else { throw .notEmpty(directory) }
            } catch {
                close(descriptor)
                throw error
            }
            root = descriptor
        } catch {
            if isMade { _ = FileSystem.withCPath(path, rmdir) }
            throw error
        }
        rootPath = path
    }

    deinit { close(root) }

    /// The real path of the directory.
    func realPath() throws(ImageSpecError) -> [UInt8] {
        do throws(FileSystem.Failure) {
            return try FileSystem.realPath(rootPath)
        } catch {
            throw .unwritable(rootPath, error.reason)
        }
    }

    /// Creates the directory, but no parents, because a missing parent is probably a mistake in the path. Returns false if the
    /// directory exists.
    private static func makeFolder(_ directory: String, _ path: [UInt8]) throws(ImageSpecError) -> Bool {
        if FileSystem.withCPath(path, { mkdir($0, 0o755) }) == 0 { return true }
        let failure = FileSystem.Failure.last
        // An existing directory is checked when it is opened; its parent may be read-only.
        var status = stat()
        if FileSystem.withCPath(path, { stat($0, &status) }) == 0 { return false }
        let parent = Path.folder(of: Path.withoutTrailingSlashes(directory))
        if failure.code == ENOENT, stat(parent, &status) != 0 {
            throw .parentMissing(directory, parent: parent)
        }
        throw .unwritable(path, failure.reason)
    }

    private static func isEmpty(_ folder: Int32, _ path: [UInt8]) throws(ImageSpecError) -> Bool {
        do throws(FileSystem.Failure) {
            return try FileSystem.entries(ofOpenDirectory: folder).isEmpty
        } catch {
            throw .unwritable(path, error.reason)
        }
    }

    // MARK: directories, files and links

    func addFolder(_ path: [UInt8]) throws(ImageSpecError) {
        guard FileSystem.withCPath(path, { mkdirat(root, $0, 0o700) }) == 0 else { throw unwritable(path) }
        folders.append(path)
    }

    func addLink(_ path: [UInt8], to target: [UInt8]) throws(ImageSpecError) {
        let result = FileSystem.withCPath(target) { target in
            FileSystem.withCPath(path) { symlinkat(target, root, $0) }
        }
        guard result == 0 else { throw unwritable(path) }
        others.append(path)
        try setTimes(of: path)
    }

    func addFile(
        _ path: [UInt8], isExecutable: Bool, size: Int, digest: ContentDigest,
        _ body: (Write) throws(ImageSpecError) -> Void
    ) throws(ImageSpecError) {
        let descriptor = FileSystem.withCPath(path) {
            openat(root, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw unwritable(path) }
        others.append(path)
        do throws(ImageSpecError) {
            try body { bytes throws(ImageSpecError) in try write(bytes, to: descriptor, path) }
            guard fchmod(descriptor, isExecutable ? 0o755 : 0o644) == 0 else { throw unwritable(path) }
            let times = times(nanoseconds: ContextTime.nanoseconds(of: digest))
            guard futimens(descriptor, times) == 0 else { throw unwritable(path) }
        } catch {
            close(descriptor)
            throw error
        }
        // Some file systems report only now that there is no space left.
        guard close(descriptor) == 0 else { throw unwritable(path) }
    }

    private func write(
        _ bytes: ArraySlice<UInt8>, to file: Int32, _ path: [UInt8]
    ) throws(ImageSpecError) {
        do throws(FileSystem.Failure) {
            try FileSystem.writeAll(bytes, to: file)
        } catch {
            throw unwritable(path, error)
        }
    }

    // MARK: the end

    /// Sets the modes and times of directories, innermost first, because writing into them changes their times.
    func finish() throws(ImageSpecError) {
        for folder in folders.reversed() {
            guard FileSystem.withCPath(folder, { fchmodat(root, $0, 0o755, 0) }) == 0 else {
                throw unwritable(folder)
            }
            try setTimes(of: folder)
        }
        // An existing directory keeps its mode: it may be private, or owned by another user. Builds do not see it.
        if !isMade { return }
        let times = times()
        guard fchmod(root, 0o755) == 0, futimens(root, times) == 0 else { throw unwritable([]) }
    }

    /// Removes everything that was written, as far as possible.
    func removeAll() {
        for path in others { _ = FileSystem.withCPath(path) { unlinkat(root, $0, 0) } }
        for folder in folders.reversed() {
            _ = FileSystem.withCPath(folder) { unlinkat(root, $0, AT_REMOVEDIR) }
        }
        if isMade { _ = FileSystem.withCPath(rootPath, rmdir) }
    }

    private func times(nanoseconds: Int = 0) -> [timespec] {
        let time = timespec(tv_sec: time, tv_nsec: nanoseconds)
        return [time, time]
    }

    private func setTimes(of path: [UInt8]) throws(ImageSpecError) {
        let times = times()
        guard FileSystem.withCPath(path, { utimensat(root, $0, times, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            throw unwritable(path)
        }
    }

    private func unwritable(
        _ path: [UInt8], _ failure: FileSystem.Failure = .last
    ) -> ImageSpecError {
        .unwritable(rootPath + (path.isEmpty ? [] : [UInt8(ascii: "/")] + path), failure.reason)
    }
}
