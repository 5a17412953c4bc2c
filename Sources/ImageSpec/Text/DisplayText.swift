// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension String {
    /// Whether the text contains a URL with credentials.
    package var holdsCredential: Bool { URLUserInfo.hasSecret(Array(utf8)) }

    /// The text on one line for a comment or message: at most `limit` characters, escaped, and without credentials in URLs.
    package func onOneLine(limit: Int = 120) -> String {
        URLUserInfo.redacted(self).shortened(to: limit).escapingControlCharacters
    }

    /// The first characters of the text, and "…" if there are more.
    package func shortened(to limit: Int = 120) -> String {
        guard let end = unicodeScalars.index(startIndex, offsetBy: limit, limitedBy: unicodeScalars.endIndex),
            end != unicodeScalars.endIndex
        else { return self }
        return String(unicodeScalars[..<end]) + "…"
    }

    /// The text with a maximum length of 120 characters.
    package var shortened: String { shortened(to: 120) }
}

extension Unicode.Scalar {
    /// Whether the character is visible or a space, for every version of YAML and for terminals.
    package var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            false
        default: true
        }
    }
}
