// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard input, output and error when the tool starts.
enum StandardStreams {
    /// Opens the streams that the caller has closed. Otherwise the next file that is opened would become one of them, and the
    /// result would be written to it.
    ///
    /// They are opened in the other direction, so that reading or writing fails as if they were closed.
    static func open() {
        for (number, flags) in [
            (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
        ] where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            // The lowest free descriptor is this one. Without /dev, nothing can be read from or written to a directory.
            if openFile("/dev/null", flags) < 0 { _ = openFile("/", O_RDONLY) }
        }
    }
}

/// `open(2)`, whose name is that of the function above.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
