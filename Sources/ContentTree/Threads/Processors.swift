// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import CFileSystem
import Glibc
#elseif canImport(Musl)
internal import CFileSystem
import Musl
#else
import Darwin
#endif

/// The processors of this machine.
package enum Processors {
    /// How many processors this process may run on.
    package static var count: Int {
        #if canImport(Glibc) || canImport(Musl)
        let allowed = imagespec_processor_count()
        if allowed > 0 { return allowed }
        #endif
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    private static let maximumThreads = 64
    /// A directory whose files are read, a file, and a directory whose files wait; and one to spare.
    private static let filesPerThread = 4

    /// How many threads work on a tree: as many as there are processors, if the limit on open files allows it.
    static func threads(for processors: Int, openFiles: Int = DescriptorLimit.available) -> Int {
        max(1, min(processors, maximumThreads, openFiles / filesPerThread))
    }
}
