// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The entries of a directory, as identity.md's manifests hold them, and their digest.
package struct SourceTree: Sendable {
    /// The mode of an entry, as a manifest writes it.
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
        /// Relative to the root; the bytes that the file system gave.
        package var path: [UInt8]
        package var mode: Mode
        package var digest: ContentDigest
    }

    /// Why a path is no entry.
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
        /// Relative to the root. A directory's stands for everything below it.
        package var path: [UInt8]
        package var isFolder: Bool
        package var reason: Reason
    }

    /// The root's real path, absolute.
    package var root: [UInt8]
    package var digest: SHA256Digest
    /// By the bytes of their paths, directories included; only where asked for.
    package var entries: [Entry] = []
    /// By the bytes of their paths; only where asked for.
    package var leftOut: [Excluded] = []

    /// The rules at the root, where entries were found by a walk; nil if they were listed.
    var rules: IgnoreScope?
    /// Whether a walk found the entries, so that its rules say what else would be one.
    package var isWalked: Bool { rules != nil }
    /// Whether a `.gitignore` of a directory counts.
    var readsGitignore = false

    /// What a walk writes down beside the digest. Both cost memory for each path.
    package struct Records: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let entries = Records(rawValue: 1)
        package static let leftOut = Records(rawValue: 2)
    }

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
}

extension SourceTree {
    /// The tree of a source root: everything below it that the ignore rules leave, or of that the Python modules.
    ///
    /// `field` is what errors name, `path` the directory.
    package static func sourceRoot(
        _ path: String, pythonModulesOnly: Bool, records: Records = [],
        options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        let root = try realFolder(path)
        let (scope, rulesKey) = try sourceRootRules(root)
        return try walk(
            root, kind: pythonModulesOnly ? "modules" : "source",
            contents: .walk(scope), rulesKey: rulesKey, pythonModulesOnly: pythonModulesOnly,
            readsGitignore: true, records: records, options: options)
    }

    private static func walk(
        _ root: [UInt8], kind: String, contents: TreeFolder.Contents, rulesKey: SHA256Digest,
        pythonModulesOnly: Bool = false, readsGitignore: Bool = false, records: Records,
        options: HashingOptions
    ) throws(ContentTreeError) -> SourceTree {
        let descriptor = FileSystem.openFolder(root)
        guard descriptor >= 0 else {
            throw ContentTreeError(
                String(decoding: root, as: UTF8.self), .unusable(expected: .folder, .last))
        }
        let rootDescriptor = FolderDescriptor(descriptor)
        let isChoice = if case .exactly = contents { true } else { false }
        let cache = DigestCacheSession(
            options, root: rootDescriptor,
            key: DigestCacheKey(root: root, kind: kind, choice: isChoice ? rulesKey : nil), rules: rulesKey,
            records: records)
        let walk = TreeWalk(
            root: root, rootDescriptor: rootDescriptor, contents: contents, rulesKey: rulesKey,
            pythonModulesOnly: pythonModulesOnly, readsGitignore: readsGitignore, records: records,
            cache: cache,
            options: options)
        var tree = if let digest = cache?.digest { walk.tree(digest) } else { try walk.run() }
        if records.contains(.entries) {
            if let cache { tree.entries += cache.unchangedEntries() }
            tree.entries.sort { $0.path.order(to: $1.path) < 0 }
        }
        return tree
    }

    /// The tree of a copied directory: everything below it but what the standard rules leave out.
    package static func copiedFolder(
        _ path: String, records: Records = [], options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        try walk(
            try realFolder(path), kind: "copy",
            contents: .walk(IgnoreScope([.standard])), rulesKey: SHA256Digest(), records: records,
            options: options)
    }

    /// A tree of one file, `name` in `folder`; the name of a link stands for its target.
    package static func copiedFile(
        _ name: String, in folder: String, records: Records = [],
        options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        try walk(
            try realFolder(folder), kind: "files",
            contents: .exactly(FileSelection(files: [Array(name.utf8)])),
            rulesKey: SHA256Digest(of: Array(name.utf8)), records: records, options: options)
    }

    /// The tree of a source root that holds exactly the listed module files.
    package static func loadedModules(
        _ modules: [String], sourceRoot path: String, workingDirectory: String, records: Records = [],
        options: HashingOptions = HashingOptions()
    ) throws(ContentTreeError) -> SourceTree {
        let root = try realFolder(path)
        var tree = FileSelection()
        var places: [[UInt8]] = []
        for module in modules {
            let joined = Path.join(workingDirectory, module)
            guard let place = try modulePlace(joined) else {
                // Its directory does not exist. Only a module below the source root is an error; whether it would be
                // there is told by the directories that do exist.
                if components(
                    of: Array(FileSystem.realPathAsFarAsItExists(joined, from: workingDirectory).utf8),
                    below: root) != nil
                {
                    throw ContentTreeError(joined, .missingModule)
                }
                continue
            }
            guard let components = components(of: place, below: root) else { continue }
            guard (try? FileSystem.kind(joined)) == .file else {
                throw ContentTreeError(joined, .missingModule)
            }
            tree.add(components)
            places.append(place)
        }
        // The order of the list does not count.
        let key = SHA256Digest(
            of: places.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 + [0] })
        return try walk(
            root, kind: "files", contents: .exactly(tree), rulesKey: key,
            records: records, options: options)
    }

    /// The real path of a module's directory with the module's own name; nil if the directory does not exist.
    private static func modulePlace(_ path: String) throws(ContentTreeError) -> [UInt8]? {
        do throws(FileSystem.Failure) {
            return try FileSystem.realPath(Path.folder(of: path)) + [UInt8(ascii: "/")]
                + Path.lastComponent(path).utf8
        } catch {
            if error.isMissing { return nil }
            throw ContentTreeError(path, .unreadableModule(error.reason))
        }
    }

    /// The components of an absolute path below `root`; nil if it is not below it.
    package static func components(of path: [UInt8], below root: [UInt8]) -> [[UInt8]]? {
        let prefix = root == [UInt8(ascii: "/")] ? root : root + [UInt8(ascii: "/")]
        guard path.starts(with: prefix), path.count > prefix.count else { return nil }
        return path.dropFirst(prefix.count).split(separator: UInt8(ascii: "/")).map(Array.init)
    }

    private static func realFolder(_ path: String) throws(ContentTreeError) -> [UInt8] {
        do throws(FileSystem.Failure) {
            let kind = path.utf8.contains(0) ? nil : try FileSystem.kind(path)
            if kind == .folder { return try FileSystem.realPath(path) }
            if kind != nil { throw FileSystem.Failure(code: ENOTDIR) }
            throw FileSystem.Failure(code: ENOENT)
        } catch {
            throw ContentTreeError(path, .unusable(expected: .folder, error))
        }
    }
}

extension SourceTree {
    /// The ignore rules at a source root: `.dockerignore`, the standard rules, and the `.gitignore` files above it in
    /// the same git work tree. (Its own `.gitignore`, and those below, are read by the walk.)
    ///
    /// With them comes a digest that tells them from others.
    private static func sourceRootRules(
        _ root: [UInt8]
    ) throws(ContentTreeError) -> (scope: IgnoreScope, key: SHA256Digest) {
        var scope = IgnoreScope([.standard])
        var key = SHA256Hasher()
        /// Each text with its kind, where it stands and its length, so that no two lists of texts look the same.
        func addToKey(_ kind: String, _ place: [UInt8], _ text: [UInt8]) {
            key.update(Array(kind.utf8) + [0] + place + [0] + Array(String(text.count).utf8) + [0] + text)
        }
        if let text = try ignoreFile(".dockerignore", in: root) {
            addToKey("docker", [], text)
            do throws(ContentTreeError) {
                if let file = try IgnoreFile.docker(text, path: ".dockerignore") { scope.add(file, at: []) }
            } catch {
                var error = error
                error.root = String(decoding: root, as: UTF8.self)
                throw error
            }
        }
        // From the root upwards: nothing above counts where the root itself holds a .git, or where none is found.
        var names: [[UInt8]] = root.split(separator: UInt8(ascii: "/")).map(Array.init)
        var above: [(folder: [UInt8], path: [UInt8])] = []
        var below: [UInt8] = []
        while true {
            let folder = [UInt8(ascii: "/")] + names.joined(separator: [UInt8(ascii: "/")])
            if !below.isEmpty { above.append((folder, below)) }
            if holdsGit(folder) {
                if !below.isEmpty { try checkOwner(of: ".git", in: folder, above: root) }
                break
            }
            guard let name = names.popLast() else { return (scope, key.finalize()) }
            below = below.isEmpty ? name : name + [UInt8(ascii: "/")] + below
        }
        for (folder, path) in above.reversed() {
            guard let text = try ignoreFile(".gitignore", in: folder) else { continue }
            try checkOwner(of: ".gitignore", in: folder, above: root)
            addToKey("git", path, text)
            let ups = String(repeating: "../", count: path.count { $0 == UInt8(ascii: "/") } + 1)
            if let file = IgnoreFile.git(text, path: ups + ".gitignore") { scope.add(file, at: path) }
        }
        return (scope, key.finalize())
    }

    private static func holdsGit(_ folder: [UInt8]) -> Bool {
        var status = stat()
        return FileSystem.withCPath(folder + "/.git".utf8) { lstat($0, &status) } == 0
    }

    /// Refuses a file above the root that another user may have put there to decide what is in the image, as in `/tmp`.
    ///
    /// Git refuses such a work tree too ("dubious ownership").
    private static func checkOwner(
        of name: String, in folder: [UInt8], above root: [UInt8]
    ) throws(ContentTreeError) {
        func owner(_ path: [UInt8]) -> uid_t? {
            var status = stat()
            return FileSystem.withCPath(path) { lstat($0, &status) } == 0 ? status.st_uid : nil
        }
        let path = (folder == [UInt8(ascii: "/")] ? folder : folder + [UInt8(ascii: "/")]) + name.utf8
        guard let user = owner(path), user != 0, user != geteuid(), user != owner(root) else { return }
        throw ContentTreeError(
            String(decoding: path, as: UTF8.self),
            .ignoreFileOfAnotherUser(owner: user, root: String(decoding: root, as: UTF8.self)))
    }

    /// The text of an ignore file; nil if there is none. Anything but a regular file is none.
    static func ignoreFile(_ name: String, in folder: [UInt8]) throws(ContentTreeError) -> [UInt8]? {
        let path = folder + [UInt8(ascii: "/")] + name.utf8
        do throws(FileSystem.Failure) {
            return try FileSystem.contents(ofRegularFile: path, inFolder: AT_FDCWD)
        } catch {
            throw ContentTreeError(String(decoding: path, as: UTF8.self), .unreadable(error.reason))
        }
    }
}
