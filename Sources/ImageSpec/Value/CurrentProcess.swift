// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The only place that reads the process: its working directory, its environment, its host.
enum CurrentProcess {
    /// The working directory; `.` where it has no path any more (it was removed, or a directory above it is closed to us).
    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }

    /// What `uname -m` prints.
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

    /// The directory that digest caches lie in, as the environment says; nil if there is to be none.
    ///
    /// `IMAGESPEC_CACHE` names it by an absolute path, or says `off`, as everything else that it could hold does: nobody
    /// wants a directory `./OFF` or `./0`. Else it is `imagespec` in `XDG_CACHE_HOME`, else in `.cache` in `HOME`;
    /// relative paths in these two say nothing (XDG Base Directory Specification).
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
