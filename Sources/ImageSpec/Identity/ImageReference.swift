// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The grammar of image names and tags.
///
/// Source: OCI distribution specification 1.1, "Pulling manifests"; distribution's reference grammar for the host.
package enum ImageReference {
    /// `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`
    package static func isTag(_ tag: String) -> Bool {
        tag.withBytes { bytes in
            guard let first = bytes.first, bytes.count <= maximumTagLength, mayBeginTag(first) else {
                return false
            }
            return bytes.allSatisfy(mayBeInTag)
        }
    }

    /// Characters of the longest tag. Source: OCI distribution specification 1.1, "Pulling manifests".
    static let maximumTagLength = 128

    static func mayBeginTag(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || byte == UInt8(ascii: "_") }

    static func mayBeInTag(_ byte: UInt8) -> Bool { mayBeginTag(byte) || isDotOrHyphen(byte) }

    /// What is wrong with the part of an image name before its tag; nil if nothing is.
    ///
    /// `[host[:port]/]part(/part)*`. Whether a first part is a host or part of the path is not asked: both
    /// readings are allowed, as both are by the tools that read the name.
    package static func problem(inRepository name: String) -> String? {
        let components = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !name.isEmpty else { return "it is empty" }
        func isPath(_ components: ArraySlice<Substring.UTF8View>) -> Bool {
            !components.isEmpty && components.allSatisfy(isPathComponent)
                && components.reduce(components.count - 1) { $0 + $1.count } <= 255
        }
        let parts = components.map { Substring($0).utf8 }[...]
        if isPath(parts) || (parts.count > 1 && isHost(parts[0]) && isPath(parts.dropFirst())) { return nil }

        if parts.count > 2, parts[0].last == UInt8(ascii: ":"), parts[1].isEmpty {
            let scheme = String(decoding: parts[0], as: UTF8.self) + "//"
            return "it must not contain the URL scheme \"\(scheme)\""
        }
        let path = parts.count > 1 && isHost(parts[0]) ? parts.dropFirst() : parts
        if let bad = path.first(where: { !isPathComponent($0) }) {
            // What stands before an "@" may be a password.
            let at = bad.lastIndex(of: UInt8(ascii: "@"))
            let text =
                at.map { "…" + String(decoding: bad[$0...], as: UTF8.self) }
                ?? String(decoding: bad, as: UTF8.self)
            return text.isEmpty
                ? "it contains an empty part between slashes"
                : "\"\(text)\" must consist of lower-case letters and digits, separated by one dot, one or two "
                    + "underscores, or hyphens"
        }
        return "its path is longer than 255 characters"
    }

    /// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
    private static func isPathComponent(_ text: Substring.UTF8View) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = text.first, let last = text.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        return text.split(maxSplits: .max, whereSeparator: isAlphanumeric).allSatisfy { separator in
            separator.elementsEqual(".".utf8) || separator.elementsEqual("_".utf8)
                || separator.elementsEqual("__".utf8) || separator.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    /// `host[:port]`: labels of letters, digits and inner hyphens joined by dots, or an IPv6 address in brackets.
    private static func isHost(_ text: Substring.UTF8View) -> Bool {
        var host = text
        if let colon = text.lastIndex(of: UInt8(ascii: ":")), !text[colon...].contains(UInt8(ascii: "]")) {
            let port = text[text.index(after: colon)...]
            guard !port.isEmpty, port.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else {
                return false
            }
            host = text[..<colon]
        }
        if host.first == UInt8(ascii: "[") {
            let address = host.dropFirst().dropLast()
            return host.last == UInt8(ascii: "]") && !address.isEmpty
                && address.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") }
        }
        return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            label in
            guard let first = label.first, let last = label.last, isLetterOrDigit(first),
                isLetterOrDigit(last)
            else {
                return false
            }
            return label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isDotOrHyphen(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
