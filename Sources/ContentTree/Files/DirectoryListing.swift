// SPDX-License-Identifier: Apache-2.0

extension FileSystem {
    /// The contents of a directory, including hidden entries.
    package struct Listing: Sendable {
        package enum Kind: Sendable { case file, folder }

        /// Files and directories by name, in the order of their bytes. Links have the kind of their target.
        package var entries: [(name: String, kind: Kind)] = []
        /// How many names are not UTF-8 or contain control characters.
        package var unusableNames = 0

        package init() {}

        package func has(_ name: String, _ kind: Kind = .file) -> Bool {
            entries.contains { $0.name.hasSameBytes(as: name) && $0.kind == kind }
        }
    }

    /// The contents of a directory. If `nil`, it cannot be listed.
    package static func listing(ofFolder path: String) -> Listing? {
        guard let found = try? entries(ofDirectory: Array(path.utf8)) else { return nil }
        var listing = Listing()
        for entry in found {
            guard let name = String(validating: entry.name, as: UTF8.self),
                !entry.name.contains(where: \.isASCIIControl)
            else {
                listing.unusableNames += 1
                continue
            }
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
