// SPDX-License-Identifier: Apache-2.0

package import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `tag_format`: text with `{spec_hash}` and `{spec_hash:.N}` in it, which makes a tag.
///
/// Read anew for each tag, since a format is as short as the list of its parts would be.
package struct TagFormat {
    private typealias Grammar = ImageSpec.ImageReference.Grammar

    private let format: String
    /// How long a tag is.
    private let length: Int

    package init(_ format: String) throws(ImageSpecError) {
        self.format = format
        var length = 0
        var isReplaced = false
        // Whether a tag comes out does not depend on the digest, and so is known before a file is read.
        var isTag = true
        if let problem = Self.forEachPart(
            of: format,
            { part in
                switch part {
                case .text(let bytes):
                    if length == 0, let first = bytes.first, !Grammar.mayBeginTag(first) {
                        isTag = false
                    }
                    if !bytes.allSatisfy(Grammar.mayBeInTag) { isTag = false }
                    length += bytes.count
                case .replacement(let digits):
                    length += digits
                    isReplaced = true
                }
            })
        {
            throw .invalidTagFormat(format, problem)
        }
        if !isReplaced { throw .invalidTagFormat(format, "must contain {spec_hash}") }
        if !isTag { throw .invalidTag(format, "does not produce a valid tag") }
        if length > Grammar.maximumTagLength {
            throw .invalidTag(format, "produces a tag of \(length) characters")
        }
        self.length = length
    }

    /// The tag of an image whose content digest has these 64 digits.
    package func tag(specHash: String) -> String {
        specHash.withBytes { digits in tag { digits[$0] } }
    }

    /// The tag of an image with this content digest.
    package func tag(of digest: SHA256Digest) -> String {
        digest.withBytes { bytes in
            tag { hexDigit($0 & 1 == 0 ? bytes[$0 >> 1] >> 4 : bytes[$0 >> 1] & 15) }
        }
    }

    @inline(__always)
    private func tag(_ digit: (Int) -> UInt8) -> String {
        String(unsafeUninitializedCapacity: length) { output in
            var count = 0
            func append(_ byte: UInt8) {
                output[count] = byte
                count &+= 1
            }
            _ = Self.forEachPart(of: format) { part in
                switch part {
                case .text(let bytes): for byte in bytes { append(byte) }
                case .replacement(let number): for index in 0..<number { append(digit(index)) }
                }
            }
            return count
        }
    }

    private enum Part {
        case text(Slice<UnsafeBufferPointer<UInt8>>)
        /// The first digits of the content digest, this many.
        case replacement(Int)
    }

    /// The parts of a format, in order; what is wrong with it, and nil if nothing is.
    @inline(__always)
    private static func forEachPart(of format: String, _ body: (Part) -> Void) -> String? {
        format.withBytes { bytes in
            var position = 0
            func isBrace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") }
            while let brace = bytes[position...].firstIndex(where: isBrace) {
                guard bytes[brace] == UInt8(ascii: "{"),
                    let end = bytes[brace...].firstIndex(of: UInt8(ascii: "}"))
                else { return "has an unmatched brace" }
                guard let count = digits(of: bytes[(brace + 1)..<end]) else {
                    let replacement = String(decoding: bytes[brace...end], as: UTF8.self)
                    return "has the unknown placeholder \"\(replacement)\""
                }
                body(.text(bytes[position..<brace]))
                body(.replacement(count))
                position = end + 1
            }
            body(.text(bytes[position...]))
            return nil
        }
    }

    /// The number of digits of a placeholder; nil if it is not valid.
    private static func digits(of text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        let name: StaticString = "spec_hash"
        let precision: StaticString = "spec_hash:."
        if begins(text, with: name), text.count == name.utf8CodeUnitCount { return SHA256Digest.hexCount }
        guard begins(text, with: precision) else { return nil }
        let digits = text.dropFirst(precision.utf8CodeUnitCount)
        guard digits.count <= 2, digits.allSatisfy({ $0.isASCIIDigit }), digits.first != UInt8(ascii: "0")
        else { return nil }
        let count = digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
        return (8...SHA256Digest.hexCount).contains(count) ? count : nil
    }

    private static func begins(_ text: Slice<UnsafeBufferPointer<UInt8>>, with start: StaticString) -> Bool {
        // Never empty where there are as many bytes.
        text.count >= start.utf8CodeUnitCount
            && memcmp(UnsafeBufferPointer(rebasing: text).start, start.utf8Start, start.utf8CodeUnitCount)
                == 0
    }
}
