// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec
package import ImageSpecBuilding

/// Makes the image of a spec from its base image: the layers and the configuration that the rendered Dockerfile would result in.
package struct ImageAssembly: Sendable {
    private let setup: ImageSetup
    private let inputs: ResolvedInputs
    private let store: LayerStore
    private let cache: LayerCacheDirectory?
    private let installation: PackageInstallation
    /// In seconds since 1970.
    private let time: Int
    private let report: @Sendable (String) -> Void

    /// Makes the image of a setup and of files that were read, with the entries of their trees.
    ///
    /// `time` is that of creation and of all files, in seconds since 1970; if `nil`, a constant. `report` receives lines about
    /// what takes long.
    package init(
        _ setup: ImageSetup, _ inputs: ResolvedInputs, store: LayerStore, cache: LayerCacheDirectory?,
        installation: PackageInstallation, time: Int?, report: @escaping @Sendable (String) -> Void
    ) {
        self.setup = setup
        self.inputs = inputs
        self.store = store
        self.cache = cache
        self.installation = installation
        self.time = time ?? RenderingConstants.timeStamp
        self.report = report
    }

    package func image(on base: BaseImage, for platform: ImagePlatform) async throws -> AssembledImage {
        if !base.configuration.triggers.isEmpty { throw ImageSpecError.baseHasTriggers }
        let facts = try await BaseFacts.read(base, cache: cache, progress: report)
        let account = try UserAccount(in: facts.tree)
        let directory = try WorkingDirectory(in: facts.tree, user: account.owner.user)
        var configuration = base.configuration
        for (name, value) in setup.environment(over: base.configuration.variable) {
            configuration.setVariable(name, value)
        }
        configuration.setUser(RenderingConstants.user)
        configuration.setWorkingDirectory(RenderingConstants.workingDirectory)
        if let entrypoint = setup.spec.entrypoint { configuration.setEntrypoint(entrypoint) }
        configuration.setLabel(RenderingConstants.idLabel, setup.spec.id)
        configuration.setCreationTime(Self.timeText(time))

        let profile = loginProfile(configuration.variable("PATH") ?? "")
        var layers = [
            try await store.layer(
                LayerRecipe(
                    title: "user \(RenderingConstants.user)", account.entries + directory.entries + profile,
                    over: facts.tree))
        ]
        layers += try await installation.layers(
            over: facts, for: platform, setup: setup, store: store, layerCount: base.layers.count,
            report: report)
        for recipe in try copies(owner: account.owner, directory) {
            layers.append(try await store.layer(recipe))
        }
        for layer in layers {
            configuration.append(
                diffID: layer.content.diffID, title: "imagespec: " + layer.recipe.title,
                time: Self.timeText(time))
        }
        configuration.append(diffID: nil, title: "imagespec: configuration", time: Self.timeText(time))
        return try AssembledImage(platform: platform, base: base, made: layers, configuration: configuration)
    }

    /// The profile that restores PATH in login shells.
    private func loginProfile(_ path: String) -> [LayerEntry] {
        let file = String(RenderingConstants.loginProfile.dropFirst())
        return [LayerEntry(file, .bytes(Array("export PATH='\(path)'\n".utf8)), mode: 0o644)]
    }

    // MARK: copied files

    /// The source tree, then the copied paths, which replace files of it.
    private func copies(owner: FileOwner, _ directory: WorkingDirectory) throws -> [LayerRecipe] {
        var recipes: [LayerRecipe] = []
        func add(_ tree: SourceTree, to destination: String, field: String, title: String, digest: String)
            throws
        {
            let folder =
                RenderingConstants.workingDirectory.dropFirst()
                + (destination == "." ? "" : "/" + destination)
            for entry in tree.entries { try directory.check(Array((folder + "/").utf8) + entry.path) }
            var writable = ContextItems()
            writable.add(tree, at: String(folder), field: field)
            let items = writable
            // As engines do: the destination keeps its mode and owner, and the directories of the tree get new ones.
            let place = Array(folder.utf8)
            let existing = directory.folders.filter { $0.key == place || place.isBelow($0.key) }
            let key = CacheKey(
                [
                    Array("files.v1".utf8), Array(digest.utf8), Array(folder.utf8),
                    Array("\(owner.user):\(owner.group)".utf8),
                ]
                    + existing.values.sorted(by: LayerEntry.precedes).map {
                        $0.path + Array(" \($0.mode) \($0.owner.user) \($0.owner.group)".utf8)
                    })
            recipes.append(
                LayerRecipe(key: key, title: title) { archive in
                    try archive.add(items, owner: owner, existing: existing)
                })
        }
        if let source = inputs.source {
            try add(source, to: ".", field: "source_root", title: "source", digest: source.digest.hex)
        }
        for copied in inputs.copied {
            try add(
                copied.tree, to: copied.isFolder ? copied.path : Path.folder(of: copied.path), field: "copy",
                title: "copy \(copied.path)", digest: "\(copied.path) \(copied.mode) \(copied.digest)")
        }
        return recipes
    }

    /// A time in the form of RFC 3339.
    static func timeText(_ seconds: Int) -> String {
        // Source: https://howardhinnant.github.io/date_algorithms.html, "civil_from_days".
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let rest = seconds % 86_400
        return
            "\(String(repeating: "0", count: max(0, 4 - "\(year)".count)))\(year)-\(two(month))-\(two(day))"
            + "T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }
}

extension LayerRecipe {
    /// A layer of entries whose bytes are in memory.
    init(title: String, _ entries: [LayerEntry], over tree: BaseTree) {
        let entries = LayerEntry.ordered(entries, over: tree)
        var parts = [Array("entries.v1".utf8)]
        for entry in entries {
            parts.append(entry.path)
            parts.append(Array("\(entry.mode) \(entry.owner.user) \(entry.owner.group)".utf8))
            switch entry.content {
            case .folder: parts.append(Array("folder".utf8))
            case .bytes(let bytes): parts += [Array("file".utf8), bytes]
            case .link(let target): parts += [Array("link".utf8), target]
            case .file: preconditionFailure("its bytes are not in memory")
            }
        }
        self.init(key: CacheKey(parts), title: title) { archive in
            for entry in entries { try archive.add(entry) }
        }
    }
}
