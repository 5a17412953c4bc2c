// SPDX-License-Identifier: Apache-2.0

internal import CFileSystem
internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The only code that reads the working directory, the environment and the host of the process.
///
/// Bytes that are not UTF-8 are never replaced: the text would name something else.
enum CurrentProcess {
    /// The working directory. `.`, which means the same to the system, if it has no path in UTF-8: a directory name may
    /// consist of any bytes, and a directory that was removed has no path.
    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(validatingCString: path) ?? "."
    }

    /// The output of `uname -m`.
    static var machineArchitecture: String {
        var names = utsname()
        guard uname(&names) == 0 else { return "" }
        return withUnsafeBytes(of: &names.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// An environment variable. If `nil`, it is not set, or not UTF-8. Of `PATH`, the directories that are UTF-8.
    static func environmentVariable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        if let text = String(validatingCString: value) { return text }
        guard name == "PATH" else { return nil }
        let bytes = UnsafeRawBufferPointer(start: value, count: strlen(value))
        return bytes.split(separator: UInt8(ascii: ":"))
            .compactMap { String(validating: $0, as: UTF8.self) }.joined(separator: ":")
    }

    /// The names of all environment variables that are UTF-8.
    static var environmentVariableNames: [String] {
        guard var entry = imagespec_environment() else { return [] }
        var names: [String] = []
        while let text = entry.pointee {
            let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
            let name = bytes.prefix { $0 != UInt8(ascii: "=") }
            String(validating: name, as: UTF8.self).map { names.append($0) }
            entry += 1
        }
        return names
    }

    /// The directory of digest caches; `nil` for no cache.
    ///
    /// `IMAGESPEC_CACHE` if it is an absolute path. Any other value means no cache, so that `OFF` or `0` does not create a
    /// directory of that name. If it is not set, `imagespec` in `XDG_CACHE_HOME`, or in `.cache` in `HOME`. Relative paths in
    /// these two are ignored (XDG Base Directory Specification).
    static var digestCacheFolder: String? {
        if let value = getenv("IMAGESPEC_CACHE"), value.pointee != 0 {
            return String(validatingCString: value).flatMap { Path.isAbsolute($0) ? $0 : nil }
        }
        if let value = getenv("XDG_CACHE_HOME") {
            guard let folder = String(validatingCString: value) else { return nil }
            if Path.isAbsolute(folder) { return Path.join(folder, "imagespec") }
        }
        guard let home = environmentVariable("HOME"), Path.isAbsolute(home) else { return nil }
        return Path.join(home, ".cache/imagespec")
    }
}
