// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// How awkward text is written so that it stays in its line and tells a terminal nothing.
enum Text {
    /// The beginning of a line, as much as a terminal shows in so many columns. Control characters are escaped.
    static func fitting(_ line: String, columns: Int) -> String {
        // None takes less than one, as it is counted here: a character of several scalars takes less on most terminals.
        let shown = String(line.unicodeScalars.prefix(max(columns, 0))).escapingControlCharacters
        var rest = columns
        return String(
            String.UnicodeScalarView(
                shown.unicodeScalars.prefix { scalar in
                    rest -= isWide(scalar) ? 2 : 1
                    return rest >= 0
                }))
    }

    /// Whether a scalar may take two columns. Source: Unicode UAX #11, `W` and `F`, in whole blocks.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x1100: false
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF,
            0xFE10...0xFE1F, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x1B2FF,
            0x1F000...0x1FAFF,
            0x20000...0x3FFFD:
            true
        default: scalar.properties.isEmojiPresentation
        }
    }
}
