// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.ImageReference {
    /// The grammar of names and tags.
    ///
    /// Source: https://github.com/distribution/reference/blob/main/reference.go; for path components and tags also the OCI
    /// distribution specification 1.1, "Pulling manifests".
    package enum Grammar {
        /// Characters of the longest tag.
        static let maximumTagLength = 128
        /// Characters of the longest path, with its slashes and without the host.
        static let maximumPathLength = 255

        /// `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`
        package static func isTag(_ tag: String) -> Bool {
            tag.withBytes { bytes in
                guard let first = bytes.first, bytes.count <= maximumTagLength, mayBeginTag(first) else {
                    return false
                }
                return bytes.allSatisfy(mayBeInTag)
            }
        }

        static func mayBeginTag(_ byte: UInt8) -> Bool {
            byte.isASCIILetterOrDigit || byte == UInt8(ascii: "_")
        }

        static func mayBeInTag(_ byte: UInt8) -> Bool {
            mayBeginTag(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }

        /// What is wrong with the part of a reference before its tag; `nil` if nothing is.
        ///
        /// `[host[:port]/]part(/part)*`. The first part may be read as host or as path, since identity version 1 allows
        /// both.
        package static func problem(inName name: String) -> Problem? {
            guard !name.isEmpty else { return .empty }
            let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .map { Substring($0).utf8 }[...]
            if isPath(parts) || (parts.count > 1 && isHost(parts[0]) && isPath(parts.dropFirst())) {
                return nil
            }
            if let scheme = urlScheme(of: parts) { return scheme }
            let path = parts.count > 1 && isHost(parts[0]) ? parts.dropFirst() : parts
            guard let part = path.first(where: { !isPathComponent($0) }) else { return .pathTooLong }
            return part.isEmpty ? .emptyPart : .part(String(Substring(part)))
        }

        /// The slip that is easiest to make: a URL in place of a name.
        static func urlScheme(of name: String) -> Problem? {
            urlScheme(
                of: name.utf8.split(
                    separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false
                ).map { Substring($0).utf8 }[...])
        }

        private static func urlScheme(of parts: ArraySlice<Substring.UTF8View>) -> Problem? {
            guard parts.count > 2, parts[0].last == UInt8(ascii: ":"), parts[1].isEmpty else { return nil }
            return .urlScheme(String(Substring(parts[0])) + "//")
        }

        private static func isPath(_ components: ArraySlice<Substring.UTF8View>) -> Bool {
            !components.isEmpty && components.allSatisfy(isPathComponent)
                && components.reduce(components.count - 1) { $0 + $1.count } <= maximumPathLength
        }

        /// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
        private static func isPathComponent(_ text: Substring.UTF8View) -> Bool {
            func isAlphanumeric(_ byte: UInt8) -> Bool { byte.isASCIILowercaseLetter || byte.isASCIIDigit }
            guard let first = text.first, let last = text.last, isAlphanumeric(first), isAlphanumeric(last)
            else { return false }
            return text.split(maxSplits: .max, whereSeparator: isAlphanumeric).allSatisfy { separator in
                separator.elementsEqual(".".utf8) || separator.elementsEqual("_".utf8)
                    || separator.elementsEqual("__".utf8)
                    || separator.allSatisfy { $0 == UInt8(ascii: "-") }
            }
        }

        /// Whether the first part of a name is read as a host, valid or not.
        static func namesHost(_ part: Substring) -> Bool {
            part == "localhost"
                || part.utf8.contains { byte in
                    byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
                        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                }
        }

        /// `host[:port]`: labels of letters, digits and inner hyphens joined by dots, or an IPv6 address in brackets.
        static func isHost(_ text: Substring.UTF8View) -> Bool {
            var host = text
            if let colon = text.lastIndex(of: UInt8(ascii: ":")), !text[colon...].contains(UInt8(ascii: "]"))
            {
                let port = text[text.index(after: colon)...]
                guard !port.isEmpty, port.allSatisfy(\.isASCIIDigit) else { return false }
                host = text[..<colon]
            }
            if host.first == UInt8(ascii: "[") {
                let address = host.dropFirst().dropLast()
                return host.last == UInt8(ascii: "]") && !address.isEmpty
                    && address.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") }
            }
            return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
                label in
                guard let first = label.first, let last = label.last, first.isASCIILetterOrDigit,
                    last.isASCIILetterOrDigit
                else { return false }
                return label.allSatisfy { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") }
            }
        }

        private static func isHexDigit(_ byte: UInt8) -> Bool {
            byte.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
        }
    }

    /// Why a text is not a valid reference.
    package enum Problem: Error, Hashable, Sendable {
        case empty
        /// The scheme of a URL, with its colon and slashes.
        case urlScheme(String)
        /// Two slashes without anything between them, or one at an end.
        case emptyPart
        /// A part of the path.
        case part(String)
        case pathTooLong
        case tag(String)
        /// The text behind the `@`.
        case digest
        /// The part before the first slash.
        case registry(String)
    }
}
