// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Encodes forms and queries.
enum FormEncoding {
    /// `name=value&…`, with every byte escaped except letters, digits and `-._~`.
    static func query(_ pairs: [(String, String)]) -> String {
        pairs.map { escape($0) + "=" + escape($1) }.joined(separator: "&")
    }

    private static func escape(_ text: String) -> String {
        var bytes: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~".utf8.contains(byte)
            {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
