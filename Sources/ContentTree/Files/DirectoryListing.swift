// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FileSystem {
    /// What lies in a directory, hidden entries too.
    package struct Listing: Sendable {
        package enum Kind: Sendable { case file, folder }

        /// Files and directories by name; a link is what it leads to. In the order of their bytes.
        package var entries: [(name: String, kind: Kind)] = []
        /// How many names are no UTF-8 or have control characters.
        package var unusableNames = 0

        package init() {}

        package func has(_ name: String, _ kind: Kind = .file) -> Bool {
            entries.contains { $0.name.hasSameBytes(as: name) && $0.kind == kind }
        }
    }

    /// What lies in a directory; nil if it cannot be opened or is none.
    package static func listing(ofFolder path: String) -> Listing? {
        guard let stream = opendir(path) else { return nil }
        defer { closedir(stream) }
        var listing = Listing()
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard let name = String(validating: bytes, as: UTF8.self),
                !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F })
            else {
                listing.unusableNames += 1
                continue
            }
            if name == "." || name == ".." { continue }
            switch try? kind(Path.join(path, name)) {
            case .file: listing.entries.append((name, .file))
            case .folder: listing.entries.append((name, .folder))
            default: break
            }
        }
        listing.entries.sort { $0.name.precedesInUTF8($1.name) }
        return listing
    }
}
