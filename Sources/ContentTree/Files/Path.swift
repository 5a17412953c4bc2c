// SPDX-License-Identifier: Apache-2.0

/// Operations on the text of paths, without access to a file system.
package enum Path {
    /// A path as in identity documents: without empty and `.` components, with `..` and a leading `/`. If nothing is left, `.`.
    /// The empty string stays empty.
    package static func normalized(_ path: String) -> String {
        if path.isEmpty || isNormalized(path) { return path }
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        let joined = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        if isAbsolute(path) { return "/" + joined }
        return joined.isEmpty ? "." : joined
    }

    /// Whether a path is normalized already, as nearly all are.
    private static func isNormalized(_ path: String) -> Bool {
        path.withBytes { bytes in
            var start = 0
            for index in 0...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: "/") {
                let isEmpty = index == start
                let isDot = index == start + 1 && bytes[start] == UInt8(ascii: ".")
                // A leading slash follows an empty component, and "." is a path.
                if (isEmpty && index > 0) || (isDot && bytes.count > 1) { return false }
                start = index + 1
            }
            return true
        }
    }

    /// A normalized path with `..` resolved by its text: `a/../b` is `b` even if `a` is a link.
    package static func lexicallyNormalized(_ path: String) -> String {
        let absolute = isAbsolute(path)
        var parts: [Substring.UTF8View] = []
        for part in Substring(path).utf8.split(separator: UInt8(ascii: "/"))
        where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) {
                if let last = parts.last, !last.elementsEqual("..".utf8) {
                    parts.removeLast()
                    continue
                }
                if absolute { continue }
            }
            parts.append(part)
        }
        let joined = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        if absolute { return "/" + joined }
        return joined.isEmpty ? "." : joined
    }

    /// `path` relative to `folder`. An absolute path is unchanged.
    package static func join(_ folder: String, _ path: String) -> String {
        if isAbsolute(path) || folder.isEmpty { return path }
        return folder.utf8.last == UInt8(ascii: "/") ? folder + path : folder + "/" + path
    }

    /// Whether a text begins like a URL with an authority, such as `https://` or `git+ssh://`.
    ///
    /// Source: RFC 3986, 3.1.
    package static func isURL(_ text: String) -> Bool {
        let scheme = text.utf8.prefix { $0.isASCIILetterOrDigit || "+.-".utf8.contains($0) }
        guard let first = scheme.first, (first | 0x20).isASCIILowercaseLetter else { return false }
        return text.utf8.dropFirst(scheme.count).starts(with: "://".utf8)
    }

    package static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

    package static func lastComponent(_ path: String) -> String {
        path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? path
    }

    /// A path without the slashes at its end. `/` is unchanged.
    package static func withoutTrailingSlashes(_ path: String) -> String {
        guard let end = path.utf8.lastIndex(where: { $0 != UInt8(ascii: "/") }) else {
            return path.isEmpty ? path : "/"
        }
        return String(path[...end])
    }

    /// The directory part of a path; `.` if it has none.
    package static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `path` relative to `folder`. Both are lexically normalized, and both absolute or both relative.
    package static func relative(_ path: String, from folder: String) -> String {
        func parts(_ path: String) -> [Substring.UTF8View.SubSequence] {
            Substring(path).utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        }
        let target = parts(path)
        let start = parts(folder)
        let shared = zip(target, start).prefix { $0.elementsEqual($1) }.count
        let ups = Array(repeating: "..", count: start.count - shared)
        return (ups + target.dropFirst(shared).map { String(decoding: $0, as: UTF8.self) }).joined(
            separator: "/")
    }
}
