// SPDX-License-Identifier: Apache-2.0

internal import CZlib
internal import ContentTree

/// Compresses blocks of a stream independently, on several threads, to one gzip member. The result depends only on the
/// input, not on the number of threads.
///
/// Every block but the first can refer to the end of the one before it, and ends at a byte boundary, as in pigz.
/// Source: RFC 1951, RFC 1952; zlib manual, `deflateSetDictionary` and `Z_SYNC_FLUSH`.
struct GzipBlocks {
    /// Larger blocks compress a little better and use more memory.
    static let blockSize = 512 * 1024
    /// How far deflate refers back.
    private static let windowSize = 32 * 1024
    /// Compresses most wheels to within a few percent of the default level in half the time.
    private static let level: Int32 = 4

    static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// A compressed block.
    struct Compressed: Sendable {
        var bytes: [UInt8]
        var checksum: UInt
        var inputCount: Int
    }

    /// A block, with the bytes before it.
    struct Input: Sendable {
        var bytes: [UInt8]
        var preceding: ArraySlice<UInt8>
        var isLast: Bool
    }

    /// The bytes of a block to which the next one can refer.
    static func window(of block: [UInt8]) -> ArraySlice<UInt8> { block.suffix(windowSize) }

    /// The name of what determines the output besides the input.
    static var version: String { "gzip\(level)-zlib" + String(cString: zlibVersion()) }

    static func compress(_ input: Input) -> Compressed {
        var stream = z_stream()
        // Negative for deflate without a header of its own.
        let status = deflateInit2_(
            &stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no memory")
        defer { deflateEnd(&stream) }
        if !input.preceding.isEmpty {
            input.preceding.withUnsafeBufferPointer {
                _ = deflateSetDictionary(&stream, $0.baseAddress, UInt32($0.count))
            }
        }
        let bound = Int(deflateBound(&stream, UInt(input.bytes.count))) + 64
        let bytes = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            input.bytes.withUnsafeBufferPointer { source in
                stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                stream.avail_in = UInt32(source.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                let result = deflate(&stream, input.isLast ? Z_FINISH : Z_SYNC_FLUSH)
                precondition(result == (input.isLast ? Z_STREAM_END : Z_OK) && stream.avail_in == 0)
                count = output.count - Int(stream.avail_out)
            }
        }
        let checksum = input.bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        return Compressed(bytes: bytes, checksum: UInt(checksum), inputCount: input.bytes.count)
    }

    /// The checksum of two successive parts.
    static func combined(_ first: UInt, _ second: Compressed) -> UInt {
        UInt(crc32_combine(first, second.checksum, second.inputCount))
    }

    /// The end of the member.
    static func trailer(checksum: UInt, count: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
            + (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    }
}
