// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Removes the credentials of URLs in a text, which must not be stored or displayed.
enum CredentialRedactor {
    /// The prefix of the replacement for credentials.
    private static let mark = "redacted-"

    /// Replaces the credentials in URLs by a digest of the whole text. Equal texts stay equal, different texts stay
    /// different, and the password cannot be read.
    ///
    /// The tag is a digest of the same text, so this digest reveals nothing more.
    static func redacted(_ text: String) -> String {
        replacing(in: text) { bytes in
            let digest = SHA256Digest(of: Array("imagespec.record.user-info\0".utf8) + bytes)
            return mark + digest.hex.prefix(16) + "@"
        }
    }

    /// The text for display, with `…` in place of credentials or their digest.
    static func shown(_ text: String) -> String {
        replacing(in: text) { _ in "…@" }
    }

    private static func replacing(in text: String, by replacement: ([UInt8]) -> String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        var bytes = Array(text.utf8)
        // An SSH user name is not a secret; a password after it is.
        let ranges = URLUserInfo.ranges(in: bytes).filter {
            URLUserInfo.isSecret($0, in: bytes) || bytes[$0].starts(with: mark.utf8)
        }
        if ranges.isEmpty { return text }
        let new = Array(replacement(bytes).utf8)
        for range in ranges.reversed() { bytes.replaceSubrange(range, with: new) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ImageSpec.JSONValue {
    /// The value with every string in it ``CredentialRedactor/redacted(_:)``.
    var redacted: ImageSpec.JSONValue {
        switch self {
        case .string(let text): .string(CredentialRedactor.redacted(text))
        case .array(let list): .array(list.map(\.redacted))
        case .object(let object):
            .object(object.reduce(into: [:]) { $0.appendNew($1.key, $1.value.redacted) })
        case .null, .bool, .number: self
        }
    }
}
