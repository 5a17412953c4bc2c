// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether the text has a URL with user info, which may be a password.
    package var holdsCredential: Bool { IndexURL.holdsCredential(Array(utf8)) }

    /// The text on one line for a comment or message: at most `limit` characters, and no user info of a URL.
    package func onOneLine(limit: Int = 120) -> String {
        var text = ""
        for (count, scalar) in IndexURL.withoutAnyUserInfo(self).unicodeScalars.enumerated() {
            if count == limit { return text + "…" }
            text.unicodeScalars.append(scalar.isPrintable ? scalar : "\u{FFFD}")
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether the character has a shape of its own, or is the space, in every version of YAML and on a terminal.
    package var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            false
        default: true
        }
    }
}
