// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The only code that reads the working directory, the environment and the host of the process.
enum CurrentProcess {
    /// The working directory; `.` if it has no path, because it was removed or a directory above it is inaccessible.
    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }

    /// The output of `uname -m`.
    static var machineArchitecture: String {
        var names = utsname()
        guard uname(&names) == 0 else { return "" }
        return withUnsafeBytes(of: &names.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    static func environmentVariable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// The directory of digest caches; `nil` for no cache.
    ///
    /// `IMAGESPEC_CACHE` if it is an absolute path. Any other value means no cache, so that `OFF` or `0` does not create a
    /// directory of that name. If it is not set, `imagespec` in `XDG_CACHE_HOME`, or in `.cache` in `HOME`. Relative paths in
    /// these two are ignored (XDG Base Directory Specification).
    static var digestCacheFolder: String? {
        if let folder = environmentVariable("IMAGESPEC_CACHE").nonEmpty {
            return Path.isAbsolute(folder) ? folder : nil
        }
        if let folder = environmentVariable("XDG_CACHE_HOME"), Path.isAbsolute(folder) {
            return Path.join(folder, "imagespec")
        }
        guard let home = environmentVariable("HOME"), Path.isAbsolute(home) else { return nil }
        return Path.join(home, ".cache/imagespec")
    }
}
