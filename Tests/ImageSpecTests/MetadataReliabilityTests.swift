// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#endif

/// Whether a cache trusts a file system.
@Suite struct MetadataReliabilityTests {
    /// The type of the file system of a path, as `stat -f` prints it.
    private static func type(_ path: String) -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/stat")
        process.arguments = ["-f", "-c", "%T", path]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return "" }
        process.waitUntilExit()
        let data = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(arguments: ["/tmp", "/dev/shm", "/proc", "/sys", "/"]) func theTypeDecides(path: String) throws {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let reliability = MetadataReliability(ofDescriptor: descriptor)
        switch Self.type(path) {
        case "ext2/ext3", "xfs", "btrfs", "f2fs", "zfs": #expect(reliability == .filesAndDirectories)
        case "overlayfs": #expect(reliability == .files)
        case "tmpfs", "ramfs", "proc", "sysfs", "nfs", "fuseblk", "msdos": #expect(reliability == .none)
        default: break
        }
    }

    // A write through a mapping of a page that was read before leaves no time there.
    @Test(.enabled(if: type("/dev/shm") == "tmpfs", "needs a file system in memory at /dev/shm"))
    func aTreeInMemoryHasNoCache() throws {
        let root = "/dev/shm/imagespec-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: root) }
        for index in 0..<300 { try Data("\(index)".utf8).write(to: URL(fileURLWithPath: root + "/\(index)")) }
        let folder = TemporaryFolder()
        CachedTree.waitForTick()
        for _ in 0..<2 {
            _ = try SourceTree.sourceRoot(
                root, pythonModulesOnly: false, options: CachedTree.options(folder.path + "/cache"))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/cache"))
        // The same for a directory of a tree that is on a disk, through a link.
        try folder.folder("tree")
        try folder.link("tree/1", to: root + "/1")
        for _ in 0..<3 {
            CachedTree.waitForTick()
            let progress = ImageSpec.HashingProgress { _ in }
            var options = CachedTree.options(folder.path + "/cache")
            options.progress = ProgressObserver(progress: progress)
            _ = try SourceTree.sourceRoot(folder.path + "/tree", pythonModulesOnly: false, options: options)
            #expect(progress.count.files == 1)
        }
    }
}
