// SPDX-License-Identifier: Apache-2.0

/// The files of a base image that determine how an image on it is made: a part of its file system.
package struct BaseTree: Hashable, Sendable {
    /// By paths without a leading slash.
    package private(set) var entries: [[UInt8]: BaseEntry] = [:]

    package init() {}

    /// Links of links beyond this number are a loop.
    private static let linkLimit = 40

    /// Applies the changes of a layer.
    ///
    /// Source: OCI image specification 1.1, "Applying Changesets": whiteouts hide only what lower layers have.
    package mutating func apply(_ layer: BaseLayer) {
        if !layer.removed.isEmpty || !layer.emptied.isEmpty {
            entries = entries.filter { path, _ in
                var directory = path
                if layer.removed.contains(path) { return false }
                while !directory.isEmpty {
                    directory = directory.parentPath
                    if layer.removed.contains(directory) || layer.emptied.contains(directory) { return false }
                }
                return true
            }
        }
        for (path, entry) in layer.entries {
            // A file that replaces a directory replaces what the directory contains.
            if let old = entries[path], old.isFolder, !entry.isFolder {
                entries = entries.filter { !$0.key.isBelow(path) }
            }
            entries[path] = entry
        }
        for (path, target) in layer.hardLinks where layer.entries[path] == nil {
            entries[path] = entries[target] ?? BaseEntry(.file(bytes: nil), mode: 0o755)
        }
    }

    subscript(_ path: String) -> BaseEntry? { entries[Self.bytes(path)] }

    static func bytes(_ path: String) -> [UInt8] { Array(path.utf8.drop { $0 == UInt8(ascii: "/") }) }

    /// The path without links in it. The last component need not exist. If `nil`, links loop.
    func resolved(_ path: String) -> [UInt8]? {
        var waiting = Array(Self.bytes(path).pathComponents.reversed())
        var result: [UInt8] = []
        var links = 0
        while let component = waiting.popLast() {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                result = result.parentPath
                continue
            }
            let next = result + (result.isEmpty ? [] : [UInt8(ascii: "/")]) + component
            guard case .link(let target)? = entries[next]?.kind else {
                result = next
                continue
            }
            links += 1
            guard links <= Self.linkLimit else { return nil }
            if target.first == UInt8(ascii: "/") { result = [] }
            waiting += target.pathComponents.reversed()
        }
        return result
    }

    /// The entry of a path, with links followed.
    func entry(following path: String) -> BaseEntry? { resolved(path).flatMap { entries[$0] } }

    /// The bytes of a file, with links followed. If `nil`, there is no such file, or its bytes are not known.
    func bytes(of path: String) -> [UInt8]? {
        guard case .file(let bytes)? = entry(following: path)?.kind else { return nil }
        return bytes
    }

    func text(of path: String) -> String? { bytes(of: path).map { String(decoding: $0, as: UTF8.self) } }

    /// The entries below a directory, sorted, each directory before what it contains.
    func below(_ directory: [UInt8]) -> [(path: [UInt8], entry: BaseEntry)] {
        func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
        return entries.filter { $0.key.isBelow(directory) }.map { (path: $0.key, entry: $0.value) }
            .sorted { $0.path.lexicographicallyPrecedes($1.path) { rank($0) < rank($1) } }
    }
}
