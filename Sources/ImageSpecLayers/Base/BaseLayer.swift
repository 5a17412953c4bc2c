// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding

/// What one layer of a base image says about the files that matter.
package struct BaseLayer: Hashable, Sendable {
    package var entries: [[UInt8]: BaseEntry] = [:]
    /// Files that have the bytes of others, which may be in a lower layer.
    package var hardLinks: [[UInt8]: [UInt8]] = [:]
    /// What the layer removes.
    package var removed: Set<[UInt8]> = []
    /// Directories whose contents in lower layers the layer hides.
    package var emptied: Set<[UInt8]> = []

    package init() {}
}

extension BaseLayer {
    private static let entryPrefix = Array("entry/".utf8)
    private static let versionPrefix = Array("version/".utf8)
    private static let hardLinkPrefix = Array("hardlink/".utf8)
    private static let removedPrefix = Array("removed/".utf8)
    private static let emptiedPrefix = Array("emptied/".utf8)
    private static let unknownPrefix = Array("unknown/".utf8)

    /// The layer as a tar archive, for the cache.
    package var archive: [UInt8] {
        var bytes: [UInt8] = []
        func add(
            _ kind: TarHeader.Kind, _ prefix: [UInt8], _ path: [UInt8], _ entry: BaseEntry? = nil,
            content: [UInt8] = [], target: [UInt8] = []
        ) {
            let header = TarHeader(
                kind: kind, path: prefix + path, mode: entry?.mode ?? 0o644, size: content.count,
                target: target, owner: entry?.owner.user ?? 0, group: entry?.owner.group ?? 0)
            bytes += header.blocks + content + TarHeader.padding(after: content.count)
        }
        for (path, entry) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            switch entry.kind {
            case .folder: add(.folder, Self.entryPrefix, path, entry)
            case .link(let target): add(.link, Self.entryPrefix, path, entry, target: target)
            case .file(let content?): add(.file, Self.entryPrefix, path, entry, content: content)
            case .file(nil), .other: add(.file, Self.unknownPrefix, path, entry)
            }
            if let version = entry.version {
                add(.file, Self.versionPrefix, path, content: Array(version.utf8))
            }
        }
        for (path, target) in hardLinks { add(.link, Self.hardLinkPrefix, path, target: target) }
        for path in removed { add(.file, Self.removedPrefix, path) }
        for path in emptied { add(.file, Self.emptiedPrefix, path) }
        return bytes + [UInt8](repeating: 0, count: 2 * TarHeader.blockSize)
    }

    /// Reads an archive of the cache. If `nil`, it is damaged.
    package init?(archive: [UInt8]) {
        let visitor = Visitor()
        var reader = TarReader(visitor)
        do {
            try archive.withUnsafeBytes { try reader.read($0) }
            try reader.finish()
        } catch {
            return nil
        }
        self = visitor.layer
    }

    private final class Visitor: TarVisitor {
        var layer = BaseLayer()
        private var member: TarMember?
        private var content: [UInt8] = []

        func begin(_ member: TarMember) {
            self.member = member
            content = []
        }

        func read(_ bytes: UnsafeRawBufferPointer) { content += bytes }

        func end() {
            guard let member else { return }
            func path(after prefix: [UInt8]) -> [UInt8]? {
                // The root has no path after the slash.
                if member.path == prefix.dropLast() { return [] }
                return member.path.starts(with: prefix) ? Array(member.path[prefix.count...]) : nil
            }
            func entry(_ kind: BaseEntry.Kind) -> BaseEntry {
                BaseEntry(kind, mode: member.mode, owner: FileOwner(user: member.owner, group: member.group))
            }
            if let path = path(after: BaseLayer.entryPrefix) {
                let kind: BaseEntry.Kind =
                    switch member.kind {
                    case .folder: .folder
                    case .link: .link(target: member.target)
                    default: .file(bytes: content)
                    }
                layer.entries[path] = entry(kind)
            } else if let path = path(after: BaseLayer.unknownPrefix) {
                layer.entries[path] = entry(.file(bytes: nil))
            } else if let path = path(after: BaseLayer.versionPrefix) {
                layer.entries[path]?.version = String(decoding: content, as: UTF8.self)
            } else if let path = path(after: BaseLayer.hardLinkPrefix) {
                layer.hardLinks[path] = member.target
            } else if let path = path(after: BaseLayer.removedPrefix) {
                layer.removed.insert(path)
            } else if let path = path(after: BaseLayer.emptiedPrefix) {
                layer.emptied.insert(path)
            }
        }
    }
}
