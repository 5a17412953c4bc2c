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

/// Functions for files of this machine.
enum LocalFile {
    /// Whether it is a file, or a link to one, that this process can read.
    static func isReadable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, R_OK) == 0
    }

    static func join(_ folder: String, _ path: String) -> String {
        path.hasPrefix("/") || folder.isEmpty ? path : folder + "/" + path
    }

    /// A path that means the same in another directory.
    static func absolute(_ path: String) -> String {
        // With links on the way, ".." means more than its text; "." and empty names mean nothing.
        Path.normalized(join(ImageSpec.Context.current.workingDirectory, path))
    }
}
