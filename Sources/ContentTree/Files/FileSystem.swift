// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// `mode_t` by a name that needs no import where it is used.
#if canImport(Darwin)
package typealias FileMode = UInt16
#else
package typealias FileMode = UInt32
#endif

/// Calls to the file system. Paths are bytes, as the system has them; text is passed as UTF-8.
package enum FileSystem {
    package enum Kind: Sendable {
        case file, folder, link, other
    }

    /// The `errno` of a failed call.
    package struct Failure: Error, Hashable {
        package let code: Int32

        package init(code: Int32) { self.code = code }

        package static let missing = Failure(code: ENOENT)
        package static let notAFolder = Failure(code: ENOTDIR)
        package static let notAFile = Failure(code: EISDIR)
        package static let tooLarge = Failure(code: EFBIG)
        /// A file that is replaced has changed. Not the `errno` of any call.
        package static let changed = Failure(code: -1)
        /// A pipe, socket or device instead of a regular file. Not the `errno` of any call.
        package static let notRegular = Failure(code: -2)
        package static let cancelled = Failure(code: ECANCELED)

        package static var last: Failure { Failure(code: errno) }

        /// Nothing exists at the path: no such name, a file instead of a directory, links that dangle or loop.
        package var isMissing: Bool {
            code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG
        }

        package var isCancelled: Bool { self == .cancelled }

        var isTooLong: Bool { code == ENAMETOOLONG }

        package var text: String {
            switch self {
            case .changed: "File changed"
            case .notRegular: "Not a regular file"
            default: String(cString: strerror(code))
            }
        }

        /// The text within a sentence: "permission denied".
        package var reason: String {
            if code == EISDIR { return "it is a directory" }
            let text = text
            return text.prefix(1).lowercased() + text.dropFirst()
        }
    }

    /// The kind of the file at a path. If `nil`, there is none. `followingLinks` looks at the target of a link.
    package static func kind(_ path: String, followingLinks: Bool = true) throws(Failure) -> Kind? {
        var status = stat()
        let result = followingLinks ? stat(path, &status) : lstat(path, &status)
        if result != 0 {
            let failure = Failure.last
            if failure.isMissing { return nil }
            throw failure
        }
        return kind(ofMode: status.st_mode)
    }

    /// Whether a path leads to a regular file, which can be read more than once.
    package static func isRegularFile(_ path: String) -> Bool { (try? kind(path)) == .file }

    package static func kind(ofMode mode: FileMode) -> Kind {
        switch mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .other
        }
    }

    /// A path as a C string. The bytes must not contain a NUL.
    package static func withCPath<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result
    {
        (path + [0]).withUnsafeBytes { bytes in
            body(bytes.bindMemory(to: CChar.self).baseAddress.unsafelyUnwrapped)
        }
    }

    /// The directory part of a path; `.` if it has none.
    package static func folder(of path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
        return Array(path[..<max(slash, path.startIndex + 1)])
    }

    /// The last component of a path.
    static func name(of path: [UInt8]) -> [UInt8] {
        Array(path[((path.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...])
    }
}
