// SPDX-License-Identifier: Apache-2.0

/// Identifies the tree of a cache file.
struct DigestCacheKey: Sendable {
    static let suffix = ".digests"

    let digest: SHA256Digest

    /// The name of the cache file.
    var name: String { digest.hex + Self.suffix }

    /// - Parameters:
    ///   - root: The real path of the tree.
    ///   - kind: How its entries are selected.
    ///   - choice: The digest of the selection if the entries are listed explicitly. Ignore rules are not part of the key:
    ///     when they change, the digests of files remain valid.
    ///   - boundary: Where the files had to be: those in the cache were.
    init(root: [UInt8], kind: String, choice: SHA256Digest? = nil, boundary: Boundary? = nil) {
        var hasher = SHA256Hasher()
        hasher.update(Array("imagespec digest cache 1\0".utf8) + Array(kind.utf8) + [0])
        choice?.withBytes { hasher.update($0) }
        boundary?.digest.withBytes { hasher.update($0) }
        hasher.update(root)
        digest = hasher.finalize()
    }

    /// Whether a file has a name of the form that ``name`` has.
    static func isName(_ name: [UInt8]) -> Bool {
        name.count == SHA256Digest.hexCount + suffix.utf8.count
            && name.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            && name.prefix(SHA256Digest.hexCount).allSatisfy {
                $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}
