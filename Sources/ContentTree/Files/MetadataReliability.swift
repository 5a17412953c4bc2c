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

/// Which metadata of a file system reveals every later change.
enum MetadataReliability {
    /// Network file systems, whose times come from another machine; file systems in user space and FAT, which may have no
    /// usable times; and tmpfs and ramfs, where a write through a memory mapping leaves no time at all if the page was
    /// read before.
    case none
    /// Overlayfs: a name that is added to or removed from a lower layer while it is not mounted changes no metadata of the
    /// merged directory. That of files is the metadata of the layer that they are in.
    case files
    case filesAndDirectories

    /// The reliability of the file system of an open file.
    init(ofDescriptor descriptor: Int32) {
        #if canImport(Darwin)
        var status = statfs()
        let isKnown =
            fstatfs(descriptor, &status) == 0
            && withUnsafeBytes(of: &status.f_fstypename) { $0.prefix { $0 != 0 }.elementsEqual("apfs".utf8) }
        self = isKnown ? .filesAndDirectories : .none
        #else
        // Source: linux/magic.h; the sources of F2FS, ZFS and bcachefs.
        switch UInt(imagespec_file_system_type(descriptor)) {
        // ext2, ext3 and ext4; XFS; Btrfs; F2FS; ZFS; bcachefs.
        case 0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x2FC1_2FC1, 0xCA45_1A4E:
            self = .filesAndDirectories
        case 0x794C_7630: self = .files
        default: self = .none
        }
        #endif
    }
}
