// SPDX-License-Identifier: Apache-2.0

internal import CZlib
internal import ImageSpec

/// Decompresses gzip data that arrives in pieces. Uses memory for one buffer.
///
/// Source: RFC 1952, which allows several members one after the other.
package final class GzipReader {
    private var stream = z_stream()
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    /// Whether all members so far are complete.
    private var isAtEnd = false
    private var hasData = false
    /// After the last member; some writers append zeros.
    private var isTrailing = false

    package init() throws {
        // 16 stands for a gzip header.
        let result = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { throw ImageSpecError.invalidLayer("zlib cannot be used") }
    }

    deinit { inflateEnd(&stream) }

    /// Decompresses the next bytes.
    package func read(_ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void)
        throws
    {
        var rest = bytes
        while !rest.isEmpty {
            if isTrailing { return }
            if isAtEnd {
                guard rest[0] == 0x1F else {
                    isTrailing = true
                    return
                }
                inflateReset(&stream)
                isAtEnd = false
            }
            hasData = true
            // zlib counts in 32 bits.
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            stream.next_in = UnsafeMutablePointer(
                mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(piece.count)
            try inflatePiece(output)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count - Int(stream.avail_in)))
        }
    }

    /// Decompresses until the input is used up or the member ends.
    private func inflatePiece(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        while true {
            let (result, count) = buffer.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                let result = inflate(&stream, Z_NO_FLUSH)
                return (result, buffer.count - Int(stream.avail_out))
            }
            try buffer.withUnsafeBytes { try output(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            switch result {
            case Z_STREAM_END:
                isAtEnd = true
                return
            case Z_OK, Z_BUF_ERROR:
                // A full buffer may hide more output.
                if stream.avail_in == 0, count < buffer.count { return }
                if result == Z_BUF_ERROR, count == 0 { return }
            default: throw ImageSpecError.invalidLayer("its compressed data are damaged")
            }
        }
    }

    /// Checks that the data are complete.
    package func finish() throws {
        guard isAtEnd, hasData else { throw ImageSpecError.invalidLayer("its compressed data are truncated") }
    }
}
