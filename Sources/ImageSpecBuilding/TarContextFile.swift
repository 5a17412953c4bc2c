// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The output of an archive: a file that gets its name when it is complete, or a pipe or device.
package final class TarContextFile {
    private enum Output {
        case file(AtomicFile)
        case stream(StreamOutput)
    }

    private let path: [UInt8]
    private let place: [UInt8]
    private let output: Output

    package init(_ path: String) throws(ImageSpecError) {
        let (place, kind) = try FileSystem.outputPlace(path)
        self.path = Array(path.utf8)
        self.place = place
        do throws(FileSystem.Failure) {
            if kind == .file, try !FileSystem.isEmptyOrTar(place) { throw FileSystem.Failure(code: EEXIST) }
            if kind == nil || kind == .file {
                output = .file(try AtomicFile(place))
            } else {
                output = .stream(try StreamOutput(opening: place))
            }
        } catch {
            if error.code == EEXIST { throw .notAnArchive(path) }
            throw error.isCancelled ? .writingCancelled : .unwritable(Array(path.utf8), error.reason)
        }
    }

    /// The real path of the file's directory, followed by its name. If `nil`, the output is not a regular file.
    func realPlace() throws(ImageSpecError) -> [UInt8]? {
        guard case .file = output else { return nil }
        do throws(FileSystem.Failure) {
            return try FileSystem.realPlace(place)
        } catch {
            throw .unwritable(path, error.reason)
        }
    }

    package func write(_ bytes: ArraySlice<UInt8>) throws(ImageSpecError) {
        do throws(FileSystem.Failure) {
            switch output {
            case .file(let file): try file.write(bytes)
            case .stream(let stream): try stream.writeAll(bytes)
            }
        } catch {
            throw error.isCancelled ? .writingCancelled : .unwritable(path, error.reason)
        }
    }

    /// Completes the output, and gives a file its name.
    package func finish() throws(ImageSpecError) {
        guard case .file(let file) = output else { return }
        do throws(FileSystem.Failure) {
            try file.finish(isDurable: false)
            try file.commit()
        } catch {
            throw .unwritable(path, error.reason)
        }
    }
}

extension FileSystem {
    /// Whether a file is empty or begins like a tar archive. Another file was probably named by mistake.
    ///
    /// Source: POSIX pax, "ustar Interchange Format": the magic of a header block; an archive without members has blocks of zeros.
    fileprivate static func isEmptyOrTar(_ path: [UInt8]) throws(Failure) -> Bool {
        let descriptor = withCPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        let count = block.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw .last }
        if count == 0 { return true }
        return count == block.count
            && (block[257...].starts(with: "ustar".utf8) || block.allSatisfy { $0 == 0 })
    }
}
