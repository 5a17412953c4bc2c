// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ImageSpec {
    /// Prints an error to standard error and ends the process with the status 1, for programs that have nothing else to do.
    ///
    /// An error that a program throws at its top level is printed as a crash instead, and what was printed before may be lost.
    ///
    /// ```swift
    /// do {
    ///     print(try await engine.build(spec, in: context))
    /// } catch {
    ///     ImageSpec.exit(withError: error)
    /// }
    /// ```
    public static func exit(withError error: any Error) -> Never {
        fflush(nil)
        StandardErrorText.print("\(error)")
        endProcess(1)
    }
}

/// `exit(3)`, whose name is that of the function above.
private func endProcess(_ status: Int32) -> Never { exit(status) }
