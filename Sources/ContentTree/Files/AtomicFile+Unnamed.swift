// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin

// Every file has a name.

func openDirectory(_ path: UnsafePointer<CChar>) -> Int32 { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }

func createUnnamed(in directory: Int32, _ mode: FileMode) -> Int32? { nil }

func linkUnnamed(_ descriptor: Int32, in directory: Int32, as name: UnsafePointer<CChar>) -> Bool { false }

#else
internal import CFileSystem

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// Opens a directory whose files are created and renamed. Returns -1 with `errno` if that fails.
func openDirectory(_ path: UnsafePointer<CChar>) -> Int32 { imagespec_open_directory(path) }

/// Creates a file without a name in an open directory. If `nil`, the file system has no such files, or one could not be given
/// a name later.
func createUnnamed(in directory: Int32, _ mode: FileMode) -> Int32? {
    let descriptor = imagespec_create_unnamed(directory, mode)
    guard descriptor >= 0 else { return nil }
    // Naming the file needs /proc.
    if access("/proc/self/fd/\(descriptor)", F_OK) == 0 { return descriptor }
    close(descriptor)
    return nil
}

/// Gives a file without a name a name that does not exist yet. Returns false with `errno` if that fails.
func linkUnnamed(_ descriptor: Int32, in directory: Int32, as name: UnsafePointer<CChar>) -> Bool {
    imagespec_link_unnamed(descriptor, directory, name) == 0
}
#endif
