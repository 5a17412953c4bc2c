// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpec

@Suite struct HashingProgressTests {
    @Test func everyFileAndByteIsCounted() throws {
        let folder = TemporaryFolder()
        var bytes = 0
        for index in 0..<400 {
            try folder.write("src/\(index % 9)/\(index)", String(repeating: "x", count: index))
            bytes += index
        }
        try folder.write(Array("src/large".utf8), [UInt8](repeating: 1, count: 5_000_000))
        try folder.write(Array("src/chunk".utf8), [UInt8](repeating: 1, count: 1 << 20))
        let last = Mutex(ImageSpec.HashingProgress.Count())
        let progress = ImageSpec.HashingProgress { count in
            last.withLock {
                // Counts never decrease.
                #expect(count.files >= $0.files && count.bytes >= $0.bytes)
                $0 = count
            }
        }
        let context = ImageSpec.Context(
            workingDirectory: folder.path, hostArchitecture: "x86_64", digestCache: .off, progress: progress)
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let tag = try spec.tag(in: context)
        let all = ImageSpec.HashingProgress.Count(files: 402, bytes: bytes + 5_000_000 + (1 << 20))
        #expect(progress.count == all)
        #expect(last.withLock { $0.bytes } > 0)
        // Without progress, the tag is the same. A second call adds to the counts.
        var quiet = context
        quiet.progress = nil
        #expect(try spec.tag(in: quiet) == tag)
        _ = try spec.tag(in: context)
        #expect(progress.count.files == 2 * all.files)
    }

    @Test func reportsComeOneAtATimeAndNotTooOften() async {
        let reports = Mutex((count: 0, isIn: false))
        let progress = ImageSpec.HashingProgress { _ in
            reports.withLock {
                #expect(!$0.isIn)
                $0.isIn = true
                $0.count += 1
            }
            reports.withLock { $0.isIn = false }
        }
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<20_000 { progress.add(files: 1, bytes: 2) } }
            }
        }
        let time = ContinuousClock.now - start
        #expect(progress.count == ImageSpec.HashingProgress.Count(files: 80_000, bytes: 160_000))
        #expect(reports.withLock { $0.count } <= 1 + Int(time / .milliseconds(100)))
        #expect(reports.withLock { $0.count } >= 1)
    }
}
