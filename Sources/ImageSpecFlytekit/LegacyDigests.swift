// SPDX-License-Identifier: Apache-2.0

import CLibcrypto
internal import ContentTree
internal import ImageSpec

// Digests that are no longer safe against an attacker, for names that others gave long ago. Nothing of this
// package's own identity uses them.

/// Streaming MD5 by libcrypto.
struct MD5Hasher {
    private var context = MD5_CTX()

    init() {
        MD5_Init(&context)
    }

    mutating func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable {
            MD5_Update(&context, $0.baseAddress, $0.count)
        }
        if done == nil { update(Array(bytes)) }
    }

    /// The digest of everything given so far. The hasher is used up.
    consuming func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { output, count in
            MD5_Final(output.baseAddress, &context)
            count = 16
        }
    }
}

/// SHA-1 by libcrypto.
enum SHA1 {
    static func digest(of bytes: some Collection<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        return [UInt8](unsafeUninitializedCapacity: 20) { output, count in
            _ = bytes.withUnsafeBufferPointer {
                CLibcrypto.SHA1($0.baseAddress, $0.count, output.baseAddress)
            }
            count = 20
        }
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal digits, two a byte.
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// RFC 4648, section 5, without padding.
    var base64URL: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: count, by: 3) {
            let group = self[start..<Swift.min(start + 3, count)]
            let bits = (Array(group) + [0, 0]).prefix(3).reduce(0) { $0 << 8 | Int($1) }
            for digit in 0...group.count { text.append(alphabet[bits >> (18 - 6 * digit) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
