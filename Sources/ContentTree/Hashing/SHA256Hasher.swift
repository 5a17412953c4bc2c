// SPDX-License-Identifier: Apache-2.0

import CLibcrypto

/// Incremental SHA-256 by libcrypto, which uses the processor's instructions for it.
///
/// The context is a value on the stack: nothing is allocated or fetched from a provider. A copy continues independently.
package struct SHA256Hasher: Sendable {
    private var context = SHA256_CTX()

    package init() {
        SHA256_Init(&context)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of all bytes so far.
    package consuming func finalize() -> SHA256Digest {
        var digest = SHA256Digest()
        withUnsafeMutableBytes(of: &digest.words) { output in
            _ = SHA256_Final(output.bindMemory(to: UInt8.self).baseAddress, &context)
        }
        return digest
    }
}

extension SHA256Digest {
    package init(of bytes: [UInt8]) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }

    package init(of bytes: UnsafeRawBufferPointer) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }
}
