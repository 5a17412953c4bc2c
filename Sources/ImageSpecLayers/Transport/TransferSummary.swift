// SPDX-License-Identifier: Apache-2.0

/// How much of an image was sent.
package struct TransferSummary: Hashable, Sendable {
    /// The bytes of blobs that were sent.
    package var sentBytes = 0
    /// The bytes of blobs that were there, or that the registry took from another repository.
    package var skippedBytes = 0

    package init() {}
}
