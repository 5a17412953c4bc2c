// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A growable buffer of bytes for many short appends.
///
/// An array checks at each append whether it is shared, which would take a quarter of the time of writing a document.
struct ByteBuffer: ~Copyable {
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0

    init(capacity: Int) {
        memory = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { memory.deallocate() }

    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: memory, count: count)) }

    mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        memory[count] = byte
        count += 1
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        if bytes.count > capacity - count { grow(by: bytes.count) }
        (memory + count).update(from: start, count: bytes.count)
        count += bytes.count
    }

    private mutating func grow(by more: Int) {
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: memory, count: count)
        memory.deallocate()
        memory = larger
    }
}
