// SPDX-License-Identifier: Apache-2.0

import CLibcrypto
internal import ContentTree
internal import ImageSpec

// MD5 and SHA-1 are no longer safe against an attacker. flytekit names images by them; this package's own identity does not.

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

    /// The digest of all bytes.
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
