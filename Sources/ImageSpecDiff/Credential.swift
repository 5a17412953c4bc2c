// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// User info in the URLs of a text: nothing that is stored or shown may hold it.
enum Credential {
    /// What stands in place of user info begins so.
    private static let mark = "redacted-"

    /// A text whose URLs have, in place of their user info, a digest of the whole text: two texts stay equal or
    /// different, and nobody can read the password.
    ///
    /// The tag is a digest of the same text, so that nothing more can be guessed from this one.
    static func redacted(_ text: String) -> String {
        replacing(in: text) { bytes in
            let digest = SHA256Digest(of: Array("imagespec.record.user-info\0".utf8) + bytes)
            return mark + digest.hex.prefix(16) + "@"
        }
    }

    /// A text for people to read, redacted or not.
    static func shown(_ text: String) -> String {
        replacing(in: text) { _ in "…@" }
    }

    private static func replacing(in text: String, by replacement: ([UInt8]) -> String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        var bytes = Array(text.utf8)
        // A user's name for SSH is no secret; a password after it is.
        let ranges = IndexURL.allUserInfo(bytes).filter {
            !bytes[..<$0.lowerBound].suffix(6).elementsEqual("ssh://".utf8)
                || bytes[$0].contains(UInt8(ascii: ":")) || bytes[$0].starts(with: mark.utf8)
        }
        if ranges.isEmpty { return text }
        let new = Array(replacement(bytes).utf8)
        for range in ranges.reversed() { bytes.replaceSubrange(range, with: new) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ImageSpec.JSONValue {
    /// The value with every string in it ``Credential/redacted(_:)``.
    var redacted: ImageSpec.JSONValue {
        switch self {
        case .string(let text): .string(Credential.redacted(text))
        case .array(let list): .array(list.map(\.redacted))
        case .object(let object):
            .object(object.reduce(into: [:]) { $0.appendNew($1.key, $1.value.redacted) })
        case .null, .bool, .number: self
        }
    }
}
