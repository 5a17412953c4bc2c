// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A challenge of a 401 response.
///
/// Source: RFC 9110, 11.6.1 (`WWW-Authenticate`), 11.2 (parameters), 5.6.4 (quoted strings); RFC 6750, 3.
struct AuthenticationChallenge: Hashable, Sendable {
    /// In lower case.
    var scheme: String
    /// Keyed by lower-case name. If a name is repeated, its first value is used.
    var parameters: [String: String] = [:]

    /// Parses the challenges of all header lines, in order. A malformed part ends its line.
    static func all(in lines: [String]) -> [AuthenticationChallenge] {
        lines.flatMap { line in
            var reader = Reader(text: Array(line.utf8))
            return reader.challenges()
        }
    }

    private struct Reader {
        let text: [UInt8]
        var position = 0

        mutating func challenges() -> [AuthenticationChallenge] {
            var found: [AuthenticationChallenge] = []
            while true {
                skip { $0 == UInt8(ascii: ",") || Self.isSpace($0) }
                let start = position
                guard let word = token() else { return found }
                let end = position
                skip(Self.isSpace)
                if take("=") {
                    // A parameter of the preceding challenge.
                    skip(Self.isSpace)
                    guard !found.isEmpty, let value = value() else { return found }
                    let name = word.lowercased()
                    let index = found.count - 1
                    if found[index].parameters[name] == nil { found[index].parameters[name] = value }
                    skip(Self.isSpace)
                    guard position == text.count || text[position] == UInt8(ascii: ",") else { return found }
                    continue
                }
                // A scheme is followed by a space, a comma or the end.
                guard position == text.count || position > end || text[position] == UInt8(ascii: ",") else {
                    return found
                }
                found.append(AuthenticationChallenge(scheme: word.lowercased()))
                if position > end, isToken68() { skip { $0 != UInt8(ascii: ",") } }
                precondition(position > start)
            }
        }

        /// Whether a `token68` follows, as in `Negotiate YII=`, instead of named parameters.
        private func isToken68() -> Bool {
            var ahead = self
            ahead.skip { Self.isToken($0) || $0 == UInt8(ascii: "/") }
            guard ahead.position > position else { return false }
            ahead.skip { $0 == UInt8(ascii: "=") }
            ahead.skip(Self.isSpace)
            return ahead.position == text.count || text[ahead.position] == UInt8(ascii: ",")
        }

        private mutating func token() -> String? {
            let start = position
            skip(Self.isToken)
            return position > start ? String(decoding: text[start..<position], as: UTF8.self) : nil
        }

        private mutating func value() -> String? {
            guard take("\"") else {
                // Some registries omit required quotes.
                let start = position
                skip { $0 != UInt8(ascii: ",") && !Self.isSpace($0) && $0 != UInt8(ascii: "\"") }
                return position > start ? String(decoding: text[start..<position], as: UTF8.self) : nil
            }
            var bytes: [UInt8] = []
            while position < text.count {
                let byte = text[position]
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), position < text.count {
                    bytes.append(text[position])
                    position += 1
                } else {
                    bytes.append(byte)
                }
            }
            return nil
        }

        private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard position < text.count, text[position] == UInt8(ascii: scalar) else { return false }
            position += 1
            return true
        }

        private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
            while position < text.count, isSkipped(text[position]) { position += 1 }
        }

        private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

        private static func isToken(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
