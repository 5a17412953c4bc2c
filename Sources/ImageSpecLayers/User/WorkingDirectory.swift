// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding

/// The working directory of tasks: what the base image has in it belongs to the user.
package struct WorkingDirectory: Sendable {
    static let path = Array(RenderingConstants.workingDirectory.utf8.dropFirst())

    /// The directory and the files of the base image in it, with their new owner; only those that had another one.
    package let entries: [LayerEntry]
    /// The directory itself, and those that the base image has in it.
    package let folders: [[UInt8]: LayerEntry]
    /// Links in it, which copied files must not pass through.
    private let links: [[UInt8]]

    /// The effect of `mkdir -p` and `chown -R` for a user. The group is kept.
    package init(in tree: BaseTree, user: Int) throws {
        guard let directory = tree.entries[Self.path] else {
            let made = LayerEntry(Self.path, .folder, mode: 0o755, owner: FileOwner(user: user, group: 0))
            entries = [made]
            folders = [Self.path: made]
            links = []
            return
        }
        var entries: [LayerEntry] = []
        var folders: [[UInt8]: LayerEntry] = [:]
        var links: [[UInt8]] = []
        for (path, entry) in [(path: Self.path, entry: directory)] + tree.below(Self.path) {
            let owner = FileOwner(user: user, group: entry.owner.group)
            if entry.isFolder { folders[path] = LayerEntry(path, .folder, mode: entry.mode, owner: owner) }
            if case .link = entry.kind { links.append(path) }
            if entry.owner.user == user { continue }
            guard let changed = LayerEntry(entry, at: path, owner: owner) else {
                throw ImageSpecError.unknownFileInHome(path)
            }
            entries.append(changed)
        }
        self.entries = entries
        self.folders = folders
        self.links = links
    }

    /// - Throws: if a copied path would pass through a link of the base image, or replace one.
    package func check(_ path: [UInt8]) throws {
        if let link = links.first(where: { path == $0 || path.isBelow($0) }) {
            throw ImageSpecError.copyThroughLink(link)
        }
    }
}
