// SPDX-License-Identifier: Apache-2.0

/// The entries of a directory, as the manifests of identity.md contain them, and their digest.
package struct SourceTree: Sendable {
    /// The mode of an entry, as a manifest contains it.
    package enum Mode: UInt8, Sendable {
        case file, executable, link, folder

        package var text: StaticString {
            switch self {
            case .file: "100644"
            case .executable: "100755"
            case .link: "120000"
            case .folder: "040000"
            }
        }
    }

    package struct Entry: Sendable {
        /// Relative to the root, in the bytes that the file system returned.
        package var path: [UInt8]
        package var mode: Mode
        package var digest: ContentDigest
        /// Whether the path is a symbolic link to a file, whose content counts.
        package var isLinkToFile = false
        /// The metadata of a file when its digest was computed.
        package var signature = StatSignature()
    }

    /// Why a path is not an entry.
    package enum Reason: Sendable, Hashable {
        case rule(file: String, line: Int, text: String)
        case gitFolder
        case notPython
        case special
        case danglingLink
        case linkToFolderOutside
        case linkClimbsAboveRoot
    }

    package struct Excluded: Sendable {
        /// Relative to the root. A directory stands for everything below it.
        package var path: [UInt8]
        package var isFolder: Bool
        package var reason: Reason
    }

    /// What a walk records besides the digest. Both use memory for each path.
    package struct Records: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let entries = Records(rawValue: 1)
        package static let excluded = Records(rawValue: 2)
    }

    /// The longest path of an entry, relative to the root, in bytes.
    ///
    /// Linux accepts paths of at most 4,095 bytes. 512 are left for the directory that the tree has in an image, in a build
    /// context, and below the directory of an engine.
    package static let maximumPathLength = 3_584

    /// The largest file, in bytes: 1 TiB. Reading a sparse file that is larger would take hours.
    package static let maximumFileSize = 1 << 40

    /// The real path of the root.
    package var root: [UInt8]
    package var digest: SHA256Digest
    /// In the order of the bytes of their paths, including directories. Empty if not recorded.
    package var entries: [Entry] = []
    /// In the order of the bytes of their paths. Empty if not recorded.
    package var excluded: [Excluded] = []

    /// The rules at the root. If `nil`, the entries were selected explicitly.
    var rules: IgnoreScope?
    /// Whether the entries were found by a walk, whose rules decide on other paths as well.
    package var isWalked: Bool { rules != nil }
    /// Whether the `.gitignore` files of directories are in effect.
    var readsGitignore = false

    /// Appends `<mode> SP <digest> SP <name> NUL`.
    package static func appendManifestEntry(
        _ mode: Mode, _ digest: ContentDigest, _ name: some Sequence<UInt8>, to manifest: inout [UInt8]
    ) {
        mode.text.withUTF8Buffer { manifest.append(contentsOf: $0) }
        manifest.append(UInt8(ascii: " "))
        digest.append(to: &manifest)
        manifest.append(UInt8(ascii: " "))
        manifest.append(contentsOf: name)
        manifest.append(0)
    }

    /// The components of an absolute path below `root`. If `nil`, it is not below it.
    package static func components(of path: [UInt8], below root: [UInt8]) -> [[UInt8]]? {
        let prefix = root == [UInt8(ascii: "/")] ? root : root + [UInt8(ascii: "/")]
        guard path.starts(with: prefix), path.count > prefix.count else { return nil }
        return path.dropFirst(prefix.count).split(separator: UInt8(ascii: "/")).map(Array.init)
    }
}
