// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What an installation added to an environment and removed from it, by distribution.
struct EnvironmentChanges {
    /// A distribution, or everything that belongs to none.
    fileprivate struct Part {
        var title: String
        var entries: [LayerEntry] = []
        /// Digests of the files of this machine, by their paths in the image.
        var digests: [[UInt8]: SHA256Digest] = [:]

        var size: Int {
            entries.reduce(0) { sum, entry in
                switch entry.content {
                case .file(_, let size): sum + size
                case .bytes(let bytes): sum + bytes.count
                case .folder, .link: sum
                }
            }
        }
    }

    /// A distribution of at least this size has a layer of its own, which all images with it share.
    private static let largeSize = 4 << 20

    private var distributions: [Part] = []
    private var rest = Part(title: "Python packages")

    /// Compares an environment with what it was before; `provided` has the metadata of distributions of the base image, by paths
    /// relative to the environment.
    init(of host: HostEnvironment, after provided: [[UInt8]: [UInt8]], environment: TargetEnvironment) throws
    {
        let files = try HostFiles(host.path)
        // What is as it was provided is in the base image.
        let isKept = try Self.kept(provided, in: files)
        var added = files.entries.filter { !host.isCreated($0.key) && !isKept.contains($0.key) }

        let keptFolders = Set(isKept.flatMap(Self.parents))
        for folder in keptFolders { added[folder] = nil }
        let records = added.keys.filter(Self.isRecord).sorted { $0.lexicographicallyPrecedes($1) }
        let scripts = try Self.scripts(of: host, in: files, added)
        for path in records {
            var record = InstallationRecord(try files.bytes(of: path))
            var part = Part(title: Self.title(ofRecord: path))
            let modules = path.parentPath.parentPath
            var members: [[UInt8]] = []
            for (written, relative) in zip(record.paths, record.paths(below: modules)) {
                if let script = scripts[relative] {
                    record.replace(
                        written,
                        by: written.parentPath + [UInt8(ascii: "/")]
                            + host.targetScript(written.lastPathComponent),
                        content: script)
                }
                if relative != path, added[relative] != nil { members.append(relative) }
            }
            for relative in members {
                if let kind = added.removeValue(forKey: relative) {
                    try part.add(relative, kind, scripts[relative], host, files)
                }
            }
            added[path] = nil
            part.entries.append(LayerEntry(host.targetPath(path), .bytes(record.bytes), mode: 0o644))
            distributions.append(part)
        }
        // Directories of distributions are in the layers of their files.
        var owned: Set<[UInt8]> = []
        for distribution in distributions {
            let folders = Set(distribution.entries.map(\.path).flatMap(Self.parents))
                .filter { $0.isBelow(environment.directory) }
            owned.formUnion(folders)
        }
        for (relative, kind) in added where kind != .folder || !owned.contains(host.targetPath(relative)) {
            try rest.add(relative, kind, scripts[relative], host, files)
        }
        let present = Set((distributions.flatMap(\.entries) + rest.entries).map(\.path))
        rest.entries += Self.removals(
            provided: provided, kept: isKept, present: present, host, environment)
    }

    /// The directories that the environment has before anything is installed.
    private static func isCreated(
        _ folder: [UInt8], by host: HostEnvironment, _ environment: TargetEnvironment
    ) -> Bool {
        environment.sitePackages == folder || environment.sitePackages.isBelow(folder)
            || folder == environment.directory + Array("/bin".utf8)
    }

    private static func kept(_ provided: [[UInt8]: [UInt8]], in files: HostFiles) throws -> Set<[UInt8]> {
        var kept: Set<[UInt8]> = []
        for (path, bytes) in provided {
            guard case .file? = files.entries[path], try files.bytes(of: path) == bytes else { continue }
            kept.insert(path)
        }
        return kept
    }

    private static func parents(_ path: [UInt8]) -> [[UInt8]] {
        var parents: [[UInt8]] = []
        var folder = path.parentPath
        while !folder.isEmpty {
            parents.append(folder)
            folder = folder.parentPath
        }
        return parents
    }

    private static func isRecord(_ path: [UInt8]) -> Bool {
        path.lastPathComponent.elementsEqual("RECORD".utf8)
            && path.parentPath.lastPathComponent.reversed().starts(with: "ofni-tsid.".utf8)
    }

    /// `six 1.16.0` of `…/six-1.16.0.dist-info/RECORD`.
    private static func title(ofRecord path: [UInt8]) -> String {
        let name = String(
            decoding: path.parentPath.lastPathComponent.dropLast(".dist-info".utf8.count), as: UTF8.self)
        return name.replacing("-", with: " ", maxReplacements: 1)
    }

    /// The scripts that differ in the image.
    private static func scripts(
        of host: HostEnvironment, in files: HostFiles, _ added: [[UInt8]: HostFiles.Kind]
    ) throws -> [[UInt8]: [UInt8]] {
        var scripts: [[UInt8]: [UInt8]] = [:]
        for path in added.keys {
            if let script = try host.targetScript(at: path, in: files) { scripts[path] = script }
        }
        return scripts
    }

    // MARK: removed files

    /// Whiteouts of the files that replaced distributions had, and of directories that have nothing else.
    private static func removals(
        provided: [[UInt8]: [UInt8]], kept: Set<[UInt8]>, present: Set<[UInt8]>, _ host: HostEnvironment,
        _ environment: TargetEnvironment
    ) -> [LayerEntry] {
        var removed: Set<[UInt8]> = []
        var remaining = present
        for (path, bytes) in provided where isRecord(path) {
            let modules = environment.sitePackages
            let paths = InstallationRecord(bytes).paths(below: modules)
            if kept.contains(path) { remaining.formUnion(paths) } else { removed.formUnion(paths) }
        }
        removed.subtract(remaining)
        if removed.isEmpty { return [] }
        let used = Set(remaining.flatMap(parents)).union(remaining)
        // The highest directories in which nothing remains, such as those of modules with their byte code.
        var hidden: Set<[UInt8]> = []
        for path in removed {
            let folders = parents(path).filter {
                $0.isBelow(environment.directory) && !used.contains($0)
                    && !isCreated($0, by: host, environment)
            }
            hidden.insert(folders.last ?? path)
        }
        return hidden.map(LayerEntry.whiteout)
    }

    // MARK: layers

    /// The largest distributions have layers of their own, the others share one.
    func recipes(limit: Int, over tree: BaseTree) -> [LayerRecipe] {
        let large = distributions.indices.filter { distributions[$0].size >= Self.largeSize }
            .sorted { distributions[$0].size > distributions[$1].size }.prefix(max(0, limit - 1))
        let own = Set(large)
        var shared = rest
        for index in distributions.indices where !own.contains(index) { shared.merge(distributions[index]) }
        var recipes = distributions.indices.filter(own.contains).map { distributions[$0].recipe(over: tree) }
        if !shared.entries.isEmpty { recipes.append(shared.recipe(over: tree)) }
        return recipes
    }
}

extension EnvironmentChanges.Part {
    fileprivate mutating func add(
        _ relative: [UInt8], _ kind: HostFiles.Kind, _ script: [UInt8]?, _ host: HostEnvironment,
        _ files: HostFiles
    ) throws {
        let path = host.targetPath(relative)
        switch kind {
        case .folder: entries.append(LayerEntry(path, .folder, mode: 0o755))
        case .link(let target): entries.append(LayerEntry(path, .link(target: target), mode: 0o777))
        case .file(let size, let isExecutable):
            let mode = isExecutable ? 0o755 : 0o644
            if let script {
                entries.append(LayerEntry(path, .bytes(script), mode: mode))
            } else {
                entries.append(
                    LayerEntry(path, .file(path: files.path(of: relative), size: size), mode: mode))
                digests[path] = try files.digest(of: relative)
            }
        }
    }

    fileprivate mutating func merge(_ other: EnvironmentChanges.Part) {
        entries += other.entries
        digests.merge(other.digests) { $1 }
    }

    fileprivate func recipe(over tree: BaseTree) -> LayerRecipe {
        let entries = LayerEntry.ordered(entries, over: tree)
        var parts = [Array("distribution.v1".utf8)]
        for entry in entries {
            parts.append(entry.path)
            switch entry.content {
            case .folder:
                parts.append(Array("folder \(entry.mode) \(entry.owner.user) \(entry.owner.group)".utf8))
            case .link(let target): parts += [Array("link".utf8), target]
            case .bytes(let bytes):
                parts += [Array("file \(entry.mode)".utf8), Array(SHA256Digest(of: bytes).hex.utf8)]
            case .file:
                parts += [Array("file \(entry.mode)".utf8), Array((digests[entry.path]?.hex ?? "").utf8)]
            }
        }
        return LayerRecipe(key: CacheKey(parts), title: title) { archive in
            for entry in entries { try archive.add(entry) }
        }
    }
}
