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
}
