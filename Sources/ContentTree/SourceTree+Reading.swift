// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension SourceTree {
    /// The tree of a source root: everything below it that the ignore rules do not exclude, or only its Python modules.
    package static func sourceRoot(
        _ path: String, pythonModulesOnly: Bool, records: Records = [],
        options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        let root = try realFolder(path, options.boundary)
        let (scope, rulesKey) = try sourceRootRules(root)
        return try walk(
            root, kind: pythonModulesOnly ? "modules" : "source", .walk(scope), rulesKey: rulesKey,
            pythonModulesOnly: pythonModulesOnly, readsGitignore: true, records: records, options: options)
    }

    /// The tree of a copied directory: everything below it that the standard rules do not exclude.
    package static func copiedFolder(
        _ path: String, records: Records = [], options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        try walk(
            try realFolder(path, options.boundary), kind: "copy", .walk(IgnoreScope([.standard])),
            rulesKey: SHA256Digest(),
            records: records, options: options)
    }

    /// The tree of a single file, `name` in `folder`. A link stands for its target, which is where the file is: the directory
    /// of the link can be outside the boundary.
    package static func copiedFile(
        _ name: String, in folder: String, records: Records = [],
        options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        try walk(
            try realFolder(folder, nil), kind: "files", .selection(FileSelection(files: [Array(name.utf8)])),
            rulesKey: SHA256Digest(of: Array(name.utf8)), records: records, options: options)
    }

    /// The tree of a source root that contains exactly the listed module files.
    package static func loadedModules(
        _ modules: [String], sourceRoot path: String, workingDirectory: String, records: Records = [],
        options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        let root = try realFolder(path, options.boundary)
        var selection = FileSelection()
        var places: [[UInt8]] = []
        for module in modules {
            let joined = Path.join(workingDirectory, module)
            guard let place = try modulePlace(joined) else {
                // Its directory does not exist. That is an error only below the source root.
                let place = FileSystem.weaklyCanonicalPath(joined, from: workingDirectory)
                if components(of: place, below: root) == nil { continue }
                throw ContentTreeError(joined, .missingModule)
            }
            guard let components = components(of: place, below: root) else { continue }
            guard (try? FileSystem.kind(joined)) == .file else {
                throw ContentTreeError(joined, .missingModule)
            }
            selection.add(components)
            places.append(place)
        }
        // The order of the list does not matter.
        let key = SHA256Digest(of: places.sorted { $0.order(to: $1) < 0 }.flatMap { $0 + [0] })
        return try walk(
            root, kind: "files", .selection(selection), rulesKey: key, records: records, options: options)
    }

    /// The real path of a module's directory, followed by the module's own name. If `nil`, the directory does not exist.
    private static func modulePlace(_ path: String) throws(ContentTreeError) -> [UInt8]? {
        do throws(FileSystem.Failure) {
            return try FileSystem.realPlace(Array(path.utf8))
        } catch {
            if error.isMissing { return nil }
            throw ContentTreeError(path, .unreadableModule(error.reason))
        }
    }

    /// The real path of a directory, which must be in the boundary.
    private static func realFolder(
        _ path: String, _ boundary: Boundary?
    ) throws(ContentTreeError) -> [UInt8] {
        let real: [UInt8]
        do throws(FileSystem.Failure) {
            let kind = path.utf8.contains(0) ? nil : try FileSystem.kind(path)
            guard kind == .folder else { throw kind == nil ? .missing : .notAFolder }
            real = try FileSystem.realPath(path)
        } catch {
            throw ContentTreeError(path, .unusable(expected: .folder, error))
        }
        do throws(OutsideBoundary) {
            try boundary?.check(real, isFolder: true)
        } catch {
            throw ContentTreeError(path, .outside(error))
        }
        return real
    }

    /// Walks a tree, or takes its digest from the cache.
    ///
    /// `kind` distinguishes the cache of this tree from those of other trees of the same root. `rulesKey` is the digest of the
    /// rules at the root, or of the selection.
    private static func walk(
        _ root: [UInt8], kind: String, _ contents: TreeDirectory.Contents, rulesKey: SHA256Digest,
        pythonModulesOnly: Bool = false, readsGitignore: Bool = false, records: Records,
        options: HashingOptions
    ) throws(ContentTreeError) -> SourceTree {
        let descriptor = FileSystem.openFolder(root)
        guard descriptor >= 0 else {
            throw ContentTreeError(
                String(decoding: root, as: UTF8.self), .unusable(expected: .folder, .last))
        }
        let directory = OpenFile(descriptor)
        let isSelection = if case .selection = contents { true } else { false }
        let cache = DigestCacheSession(
            options, root: directory,
            key: DigestCacheKey(
                root: root, kind: kind, choice: isSelection ? rulesKey : nil, boundary: options.boundary),
            rules: rulesKey,
            records: records)
        let walk = TreeWalk(
            TreeWalk.Configuration(
                root: root, directory: directory, pythonModulesOnly: pythonModulesOnly,
                readsGitignore: readsGitignore, records: records, cache: cache, options: options),
            contents, rulesKey: rulesKey)
        var tree = if let digest = cache?.digest { walk.tree(digest) } else { try walk.run() }
        if records.contains(.entries) {
            if let cache { tree.entries += cache.unchangedEntries() }
            tree.entries.sort { $0.path.order(to: $1.path) < 0 }
        }
        return tree
    }
}
