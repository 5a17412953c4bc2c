// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether the text contains a URL with credentials.
    package var holdsCredential: Bool { URLUserInfo.hasSecret(Array(utf8)) }

    /// The text on one line for a comment or message: at most `limit` characters, without credentials in URLs.
    package func onOneLine(limit: Int = 120) -> String {
        var text = ""
        for (count, scalar) in URLUserInfo.redacted(self).unicodeScalars.enumerated() {
            if count == limit { return text + "…" }
            text.unicodeScalars.append(scalar.isPrintable ? scalar : "\u{FFFD}")
        }
        return text
    }
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
