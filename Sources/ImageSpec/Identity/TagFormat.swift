// SPDX-License-Identifier: Apache-2.0

/// `tag_format`: text with `{spec_hash}` and `{spec_hash:.N}` in it.
struct TagFormat {
    private let bytes: [UInt8]
    /// Where the replacements stand, and how many digits each of them is for.
    private var replacements: [(place: Range<Int>, digits: Int)] = []

    init(_ format: String) throws(ImageSpecError) {
        bytes = Array(format.utf8)
        var position = 0
        func isBrace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") }
        while let brace = bytes[position...].firstIndex(where: isBrace) {
            guard bytes[brace] == UInt8(ascii: "{"),
                let end = bytes[brace...].firstIndex(of: UInt8(ascii: "}"))
            else { throw .invalidTagFormat(format, "has a brace that is no replacement") }
            guard let count = Self.digits(of: bytes[(brace + 1)..<end]) else {
                let replacement = String(decoding: bytes[brace...end], as: UTF8.self)
                throw .invalidTagFormat(format, "has the replacement \"\(replacement)\", which there is not")
            }
            replacements.append((brace..<end + 1, count))
            position = end + 1
        }
        if replacements.isEmpty {
            throw .invalidTagFormat(format, "does not name the content of the image")
        }
    }

    /// The number of digits that a replacement stands for; nil where it is none.
    private static func digits(of text: ArraySlice<UInt8>) -> Int? {
        guard text.starts(with: "spec_hash".utf8) else { return nil }
        let precision = text.dropFirst("spec_hash".utf8.count)
        if precision.isEmpty { return SHA256Digest.hexCount }
        let digits = precision.dropFirst(2)
        guard precision.starts(with: ":.".utf8), digits.count <= 2, digits.allSatisfy({ $0.isASCIIDigit }),
            digits.first != UInt8(ascii: "0")
        else { return nil }
        let count = digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
        return (8...SHA256Digest.hexCount).contains(count) ? count : nil
    }

    func tag(specHash: String) -> String {
        var tag: [UInt8] = []
        tag.reserveCapacity(bytes.count + SHA256Digest.hexCount)
        var position = 0
        for (place, digits) in replacements {
            tag += bytes[position..<place.lowerBound]
            tag += specHash.utf8.prefix(digits)
            position = place.upperBound
        }
        tag += bytes[position...]
        return String(decoding: tag, as: UTF8.self)
    }
}
