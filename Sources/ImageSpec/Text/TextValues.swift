// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension String? {
    /// `nil` for the empty string, because both mean that a field is not set.
    package var nonEmpty: String? {
        if let self, !self.isEmpty { self } else { nil }
    }
}

extension String {
    /// The text with ASCII letters in lower case.
    package var asciiLowercased: String {
        func isUppercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
        guard utf8.contains(where: isUppercase) else { return self }
        return String(decoding: utf8.map { isUppercase($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
