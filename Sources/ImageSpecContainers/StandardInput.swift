// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

#if canImport(System)
import System
#else
import SystemPackage
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What a program reads from its standard input: a pipe that holds all of it and has no writer any more.
///
/// Nothing is written while the program runs: if it did not read, SIGPIPE would end this process.
struct StandardInput {
    /// What every system's pipes hold without a reader.
    static let limit = 4096

    /// The end to read from. Programs that are started get it as their standard input and in no other way.
    let descriptor: FileDescriptor

    /// - Throws: ``ImageSpecError/Code/toolFailed`` if no file descriptors are available.
    init(_ command: Command) throws(ImageSpecError) {
        guard let bytes = command.input else {
            let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard null >= 0 else { throw Self.lastError(command) }
            descriptor = FileDescriptor(rawValue: null)
            return
        }
        guard bytes.count <= Self.limit else {
            throw .cannotRun(command.executable, "the input is larger than \(Self.limit) bytes")
        }
        var ends: [Int32] = [-1, -1]
        // Swift has no pipe2. Programs that are started here have all other descriptors closed in any case.
        guard pipe(&ends) == 0 else { throw Self.lastError(command) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        descriptor = FileDescriptor(rawValue: ends[0])
        let count = write(ends[1], bytes, bytes.count)
        let error = Self.lastError(command)
        _ = Self.close(ends[1])
        guard count == bytes.count else {
            close()
            throw error
        }
    }

    func close() { _ = Self.close(descriptor.rawValue) }

    private static func lastError(_ command: Command) -> ImageSpecError {
        .cannotRun(command.executable, "cannot write its input: \(String(cString: strerror(errno)))")
    }

    private static func close(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
        Glibc.close(descriptor)
        #elseif canImport(Musl)
        Musl.close(descriptor)
        #else
        Darwin.close(descriptor)
        #endif
    }
}
