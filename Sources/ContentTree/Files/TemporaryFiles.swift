// SPDX-License-Identifier: Apache-2.0

internal import CFileSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The named temporary files of this process. A process that is ended by a signal removes them first.
///
/// Process-wide, because a signal handler can be passed nothing. The library adds and removes files; only the tool
/// installs handlers.
///
/// `@unchecked Sendable`: the slots are allocated once and accessed only by atomic operations.
package final class TemporaryFiles: @unchecked Sendable {
    package static let shared = TemporaryFiles()

    /// An entry of the list. Whoever takes it out of its slot owns it.
    struct Registration: Sendable {
        fileprivate let slot: Int
    }

    /// A directory and a name in it, in memory that does not move.
    private struct File {
        let directory: Int32
        let name: UnsafeMutablePointer<CChar>
    }

    /// More than one build context and a few caches are never written at a time. A file that finds no slot is only not
    /// removed by a signal.
    private static let capacity = 64

    private let slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>

    init() {
        slots = .allocate(capacity: Self.capacity)
        slots.initialize(repeating: nil, count: Self.capacity)
    }

    deinit {
        for slot in 0..<Self.capacity { remove(Registration(slot: slot)) }
        slots.deallocate()
    }

    /// Adds a file, given by its name in a directory that stays open.
    func add(_ name: [UInt8], in directory: Int32) -> Registration? {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: name.count + 1)
        for (index, byte) in (name + [0]).enumerated() { text[index] = CChar(bitPattern: byte) }
        let file = UnsafeMutablePointer<File>.allocate(capacity: 1)
        file.initialize(to: File(directory: directory, name: text))
        for slot in 0..<Self.capacity where imagespec_claim(slots + slot, file) != 0 {
            return Registration(slot: slot)
        }
        text.deallocate()
        file.deallocate()
        return nil
    }

    /// Removes an entry, but not its file.
    func remove(_ registration: Registration) {
        guard let taken = imagespec_exchange(slots + registration.slot, nil) else { return }
        let file = taken.assumingMemoryBound(to: File.self)
        file.pointee.name.deallocate()
        file.deallocate()
    }

    /// Deletes all files. Safe in a signal handler: no allocation and no lock.
    package func deleteAll() {
        for slot in 0..<Self.capacity {
            guard let taken = imagespec_exchange(slots + slot, nil) else { continue }
            let file = taken.assumingMemoryBound(to: File.self)
            unlinkat(file.pointee.directory, file.pointee.name, 0)
        }
    }
}
