// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Finds the credentials in URLs: the `user:password@` before a host.
package enum URLUserInfo {
    /// The range of the credentials in a text that is a URL, including the `@`; `nil` if there are none.
    package static func range(in url: String) -> Range<String.Index>? {
        let text = url.utf8
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text[colon...].starts(with: "://".utf8)
        else { return nil }
        let scheme = text[..<colon]
        guard let first = scheme.first, (first | 0x20).isASCIILowercaseLetter,
            scheme.allSatisfy({ $0.isASCIILetterOrDigit || "+.-".utf8.contains($0) })
        else { return nil }
        let start = text.index(colon, offsetBy: 3)
        let authority = text[start...].prefix { !"/?#".utf8.contains($0) }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        return start..<text.index(after: at)
    }

    /// A URL without its credentials.
    static func removed(from url: String) -> String {
        // Taking a URL apart is slow, and hardly any has credentials.
        guard url.hasByte(UInt8(ascii: "@")), let range = range(in: url) else { return url }
        return String(url[..<range.lowerBound]) + url[range.upperBound...]
    }

    /// The ranges of the credentials in all URLs in a text, each including its `@`.
    ///
    /// A URL that was treated as a path may have lost a slash; `orPaths` finds its credentials as well.
    package static func ranges(in text: [UInt8], orPaths: Bool = false) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var rest = text[...]
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[(colon + 1)...]
            guard rest.starts(with: orPaths ? "/".utf8 : "//".utf8) else { continue }
            rest = orPaths ? rest.drop { $0 == UInt8(ascii: "/") } : rest.dropFirst(2)
            let authority = rest.prefix { !"/?# '\"\n".utf8.contains($0) }
            if let at = authority.lastIndex(of: UInt8(ascii: "@")) { found.append(rest.startIndex..<at + 1) }
        }
        return found
    }

    /// Whether a URL in a text contains user info, secret or not. No index may have any: it is not part of the tag.
    package static func isPresent(in text: String) -> Bool {
        text.hasByte(UInt8(ascii: "@")) && (range(in: text) != nil || !ranges(in: Array(text.utf8)).isEmpty)
    }

    /// Whether a URL in a text contains credentials.
    package static func hasSecret(_ text: [UInt8]) -> Bool {
        ranges(in: text).contains { isSecret($0, in: text) }
    }

    /// Whether user info that ``ranges(in:orPaths:)`` found is secret. Only the user names of the schemes `ssh` and `git+ssh`
    /// are not, without a password.
    package static func isSecret(_ range: Range<Int>, in text: [UInt8]) -> Bool {
        let scheme = text[..<range.lowerBound].dropLast(3).reversed()
            .prefix { $0.isASCIILetterOrDigit || "+.-".utf8.contains($0) }
            .reversed().map { $0.isASCIILetterOrDigit ? $0 | 0x20 : $0 }
        guard scheme.elementsEqual("ssh".utf8) || scheme.elementsEqual("git+ssh".utf8) else { return true }
        let info = String(decoding: text[range], as: UTF8.self).asciiLowercased
        return info.hasByte(UInt8(ascii: ":")) || info.contains("%3a")
    }

    /// A text for display, with `…` in place of the credentials in it.
    package static func redacted(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for range in ranges(in: bytes, orPaths: true).reversed() {
            bytes.replaceSubrange(range, with: "…@".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
