// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Compares two specs, field by field. Base specs are compared in turn, each under its path.
struct SpecDifference {
    typealias Change = ImageSpec.Change
    typealias JSON = ImageSpec.JSONValue
    typealias Object = ImageSpec.OrderedDictionary<JSON>

    /// One of the two.
    struct Side {
        let spec: ImageSpec
        let contents: SnapshotContents
        /// The `fields` of the id document.
        let idFields: Object

        init(_ spec: ImageSpec, _ contents: SnapshotContents) {
            self.spec = spec
            self.contents = contents
            // What we wrote ourselves can be read.
            let document = try? JSON(json: spec.idDocument)
            if case .object(let fields) = document?["fields"] { idFields = fields } else { idFields = [:] }
        }

        var tagFields: Object { contents.tagFields }

        /// A declared value. `nil` if it means "not set".
        func declared(_ field: ImageSpec.Field) -> JSON? {
            switch spec.value(of: field) {
            case .string("")?: nil
            case .array([])? where field.name != "entrypoint": nil
            case .object([:])? where field.name != "base_image": nil
            case let value: value
            }
        }
    }

    let old: Side
    let new: Side
    /// The content digest that tag formats are tried on; nil for a base spec, whose tag format plays no part.
    private let contentDigest: String?
    /// `base_image.` once for each spec above.
    private let prefix: String
    private var found: [Change] = []

    init(from old: ImageSpec.Snapshot, to new: ImageSpec.Snapshot) {
        self.old = Side(old.spec, old.contents)
        self.new = Side(new.spec, new.contents)
        contentDigest = new.contentDigest
        prefix = ""
    }

    private init(base old: Side, _ new: Side, prefix: String) {
        self.old = old
        self.new = new
        contentDigest = nil
        self.prefix = prefix
    }

    mutating func changes() -> [Change] {
        for field in ImageSpec.Field.all { compare(field) }
        return found
    }

    // MARK: a field

    private mutating func compare(_ field: ImageSpec.Field) {
        let counted = found.count
        switch field.name {
        case "base_image": compareBase(field)
        case "platform": comparePlatform(field)
        case "requirements": compareRequirements(field)
        case "source_root": compareSourceRoot(field)
        case "copy": compareCopies(field)
        case "tag_format": compareTagFormat(field)
        default: compareValues(field)
        }
        let isSaid = found.count > counted
        if !isSaid, old.declared(field) != new.declared(field) { addSpelling(field) }
    }

    /// A field whose value is in the documents unchanged, or in none of them.
    private mutating func compareValues(_ field: ImageSpec.Field) {
        let effects = effects(of: field.name)
        if field.name == "builder_options" { compareTransport(field) }
        if effects.contains(.content) {
            addValues(field, old.tagFields[field.name], new.tagFields[field.name], effects)
        } else if effects.contains(.id) {
            addValues(field, old.idFields[field.name], new.idFields[field.name], effects)
        } else if field.name != "builder_options",
            [old.idFields, new.idFields, old.tagFields, new.tagFields].allSatisfy({ $0[field.name] == nil })
        {
            addValues(field, old.declared(field), new.declared(field), [])
        }
    }

    /// The builder options that are in no document.
    private mutating func compareTransport(_ field: ImageSpec.Field) {
        func transport(_ side: Side) -> JSON? {
            guard let kept = side.spec.builderOptions.map(BuildTransport.kept(from:)), !kept.isEmpty else {
                return nil
            }
            return .object(kept)
        }
        addValues(field, transport(old), transport(new), [])
    }

    private func effects(of name: String) -> Change.Effects {
        var effects: Change.Effects = []
        if old.idFields[name] != new.idFields[name] { effects.insert(.id) }
        if old.tagFields[name] != new.tagFields[name] { effects.insert(.content) }
        return effects
    }

    private mutating func compareTagFormat(_ field: ImageSpec.Field) {
        var effects: Change.Effects = []
        if let contentDigest {
            // An invalid format was rejected when the snapshot was created.
            func tag(_ side: Side) -> String? {
                side.spec.tagFormat.nonEmpty.map { (try? TagFormat($0))?.tag(specHash: contentDigest) }
                    ?? contentDigest
            }
            if tag(old) != tag(new) { effects = .tagFormat }
        }
        addValues(field, old.declared(field), new.declared(field), effects)
    }

    private mutating func comparePlatform(_ field: ImageSpec.Field) {
        let effects = effects(of: field.name)
        guard !effects.isEmpty else { return }
        let isDeclared = !(old.idFields[field.name] == nil && new.idFields[field.name] == nil)
        // A base without a platform takes that of the spec above it, where the change is said already.
        if !isDeclared && !prefix.isEmpty { return }
        let fields =
            effects.contains(.content) ? (old.tagFields, new.tagFields) : (old.idFields, new.idFields)
        add(
            .init(from: fields.0[field.name]?.text, to: fields.1[field.name]?.text),
            isDeclared ? .value : .defaultPlatform, field.name, effects)
    }

    private mutating func compareBase(_ field: ImageSpec.Field) {
        if case .spec(let oldSpec) = old.spec.baseImage, case .spec(let newSpec) = new.spec.baseImage,
            let oldContents = old.contents.base.first, let newContents = new.contents.base.first
        {
            var difference = SpecDifference(
                base: Side(oldSpec, oldContents), Side(newSpec, newContents), prefix: prefix + "base_image.")
            found += difference.changes()
            return
        }
        let effects = effects(of: field.name)
        guard !effects.isEmpty else { return }
        add(
            .init(from: Self.shown(old.spec.baseImage), to: Self.shown(new.spec.baseImage)), .value,
            field.name, effects)
    }

    private static func shown(_ base: ImageSpec.BaseImage?) -> String? {
        switch base {
        case .reference(let reference): reference.isEmpty ? nil : reference
        case .spec(let spec): "the spec " + (spec.name.nonEmpty ?? "flytekit")
        case nil: nil
        }
    }

    // MARK: files

    private mutating func compareSourceRoot(_ field: ImageSpec.Field) {
        let oldPath = old.idFields[field.name]?.text
        let newPath = new.idFields[field.name]?.text
        let hadFiles = old.contents.source != nil
        let hasFiles = new.contents.source != nil
        var effects = effects(of: field.name)
        // Two trees are told apart by their files; a tree and none by the field.
        if hadFiles && hasFiles { effects.remove(.content) }
        if !effects.isEmpty {
            let isAnotherPath = effects.contains(.id)
            add(
                .init(
                    from: isAnotherPath || hadFiles ? oldPath : nil,
                    to: isAnotherPath || hasFiles ? newPath : nil), .value, field.name, effects)
        }
        guard let oldTree = old.contents.source, let newTree = new.contents.source,
            old.tagFields[field.name] != new.tagFields[field.name]
        else { return }
        compare(field.name, oldTree, newTree, at: oldPath ?? "", newPath ?? "")
    }

    private mutating func compareCopies(_ field: ImageSpec.Field) {
        let oldCopies = old.contents.copied
        let newCopies = new.contents.copied
        addList(
            field, oldCopies.map(\.path), newCopies.map(\.path), effects: [.id, .content], isOrdered: true)
        var seen: Set<ByteString> = []
        func entry(_ side: Side, _ path: String) -> JSON? {
            side.tagFields[field.name]?.list?.first { $0["path"]?.text?.hasSameBytes(as: path) == true }
        }
        for newCopy in newCopies where seen.insert(ByteString(newCopy.path)).inserted {
            let path = newCopy.path
            guard let oldCopy = oldCopies.first(where: { $0.path.hasSameBytes(as: path) }),
                entry(old, path) != entry(new, path)
            else { continue }
            if oldCopy.isFolder == newCopy.isFolder {
                let root = newCopy.isFolder ? path : Path.folder(of: path)
                compare(field.name, oldCopy.tree, newCopy.tree, at: root, root)
            } else {
                // One is a file: its path is that of the other's root.
                let root = Path.folder(of: path)
                compare(field.name, oldCopy.tree(from: root), newCopy.tree(from: root), at: root, root)
            }
        }
    }

    private mutating func compare(
        _ name: String, _ oldTree: SnapshotTree, _ newTree: SnapshotTree, at oldRoot: String,
        _ newRoot: String
    ) {
        var difference = FileDifference(
            field: prefix + name, oldPrefix: Path.prefix(oldRoot), newPrefix: Path.prefix(newRoot))
        difference.compare(oldTree.files, newTree.files)
        found += difference.changes
    }

    private mutating func compareRequirements(_ field: ImageSpec.Field) {
        let effects = effects(of: field.name)
        let oldPath = old.idFields[field.name]?.text
        let newPath = new.idFields[field.name]?.text
        guard let oldFiles = old.contents.requirements, let newFiles = new.contents.requirements,
            let oldPath, let newPath
        else {
            if !effects.isEmpty { add(.init(from: oldPath, to: newPath), .value, field.name, effects) }
            return
        }
        if effects.contains(.id) {
            let isRenamed = !oldFiles.main.hasSameBytes(as: newFiles.main)
            add(
                .init(from: oldPath, to: newPath), .value, field.name,
                isRenamed ? [.id, .content] : .id)
        }
        var difference = RequirementsDifference(
            field: prefix + field.name, oldFolder: Path.folder(of: oldPath),
            newFolder: Path.folder(of: newPath))
        difference.compare(oldFiles, newFiles)
        found += difference.changes
    }

    // MARK: values

    private mutating func addValues(
        _ field: ImageSpec.Field, _ old: JSON?, _ new: JSON?, _ effects: Change.Effects
    ) {
        if old == new { return }
        switch field.storage {
        case .options: addMembers(field.name, [], old, new, effects)
        case .environment: addMembers(field.name, [], old, new, effects, isText: true)
        // A command line, which is read as one; and an empty one says something.
        case .list where field.name == "entrypoint":
            add(.init(from: old.map(Self.json), to: new.map(Self.json)), .value, field.name, effects)
        case .list, .secretMounts:
            let texts = [old, new].map { value in (value?.list ?? []).map { $0.text ?? Self.json($0) } }
            addList(field, texts[0], texts[1], effects: effects, isOrdered: !Self.sets.contains(field.name))
        case .text, .copyMode, .baseImage:
            add(.init(from: old?.text, to: new?.text), .value, field.name, effects)
        }
    }

    /// The lists in which neither order nor duplicates count.
    private static let sets: Set = ["packages", "conda_packages", "apt_packages"]

    private mutating func addList(
        _ field: ImageSpec.Field, _ old: [String], _ new: [String], effects: Change.Effects, isOrdered: Bool
    ) {
        let isPackages = Self.sets.contains(field.name) || field.name == "runtime_packages"
        let difference = ListDifference(
            from: old, to: new, pairsPlaces: !isPackages && field.name != "copy",
            key: { isPackages ? PackageText($0)?.key : nil })
        for edit in difference.edits {
            switch edit {
            case .added(let index): add(.init(from: nil, to: new[index]), .value, field.name, effects)
            case .removed(let index): add(.init(from: old[index], to: nil), .value, field.name, effects)
            case .changed(let from, let to):
                add(.init(from: old[from], to: new[to]), .value, field.name, effects)
            }
        }
        if isOrdered && difference.isReordered {
            func json(_ list: [String]) -> String { Self.json(.array(list.map(JSON.string))) }
            add(.init(from: json(old), to: json(new)), .order, field.name, effects)
        }
    }

    /// Goes into objects, and into lists of one length.
    private mutating func addMembers(
        _ name: String, _ keys: [String], _ old: JSON?, _ new: JSON?, _ effects: Change.Effects,
        isText: Bool = false
    ) {
        func member(_ key: String, _ old: JSON?, _ new: JSON?) {
            if old == new { return }
            addMembers(name, keys + [key], old, new, effects, isText: isText)
        }
        switch (old, new) {
        case (.object(let old)?, .object(let new)?): members(old, new).forEach { member($0, $1, $2) }
        case (.object(let old)?, nil) where keys.isEmpty: members(old, [:]).forEach { member($0, $1, $2) }
        case (nil, .object(let new)?) where keys.isEmpty: members([:], new).forEach { member($0, $1, $2) }
        case (.array(let old)?, .array(let new)?) where old.count == new.count:
            for (index, pair) in zip(old, new).enumerated() { member("\(index)", pair.0, pair.1) }
        default:
            func text(_ value: JSON) -> String { isText ? value.text ?? Self.json(value) : Self.json(value) }
            add(.init(from: old.map(text), to: new.map(text)), .value, name, effects, keys: keys)
        }
    }

    /// All keys by their bytes, with their values.
    private func members(_ old: Object, _ new: Object) -> [(String, JSON?, JSON?)] {
        var values: [ByteString: (old: JSON?, new: JSON?)] = [:]
        for (key, value) in old { values[ByteString(key), default: (nil, nil)].old = value }
        for (key, value) in new { values[ByteString(key), default: (nil, nil)].new = value }
        return values.sorted { $0.key.text.precedesInUTF8($1.key.text) }.map {
            ($0.key.text, $0.value.old, $0.value.new)
        }
    }

    /// A field that is declared otherwise and means the same.
    private mutating func addSpelling(_ field: ImageSpec.Field) {
        let values = [old.declared(field), new.declared(field)]
        var aspect = Change.Aspect.spelling
        switch (values[0], values[1]) {
        case (.object?, .object?): aspect = .order
        case (.array(let old)?, .array(let new)?)
        where Self.sets.contains(field.name) && old.count == new.count: aspect = .order
        default: break
        }
        let shown = values.map { $0.map { $0.text ?? Self.json($0) } }
        if ["pip_index", "pip_extra_index_url"].contains(field.name) { aspect = .userInfo }
        // A base that differs has said so by its own fields.
        if field.name == "base_image", case .object? = values[0], case .object? = values[1] { return }
        if aspect == .order {
            return add(.init(from: nil, to: nil), aspect, field.name, [])
        }
        add(.init(from: shown[0], to: shown[1]), aspect, field.name, [])
    }

    private static func json(_ value: JSON) -> String {
        String(decoding: value.canonicalForm, as: UTF8.self)
    }

    private struct Values {
        var from: String?
        var to: String?
    }

    private mutating func add(
        _ values: Values, _ aspect: Change.Aspect, _ name: String, _ effects: Change.Effects,
        keys: [String] = []
    ) {
        let kind: Change.Kind =
            switch (values.from, values.to) {
            case (nil, .some): .added
            case (.some, nil): .removed
            default: .changed
            }
        // Written otherwise, a value is neither new nor gone.
        let isSame = effects.isEmpty && [.spelling, .userInfo].contains(aspect)
        found.append(
            Change(
                isSame ? .changed : kind, aspect, field: prefix + name, keys: keys, from: values.from,
                to: values.to, effects: effects))
    }
}

extension SnapshotCopy {
    /// The entries with paths relative to `root`, the directory of a copied file.
    fileprivate func tree(from root: String) -> SnapshotTree {
        guard isFolder else { return tree }
        let prefix = Array(Path.lastComponent(path).utf8) + [UInt8(ascii: "/")]
        return SnapshotTree(
            files: tree.files.map { file in
                var file = file
                file.path = prefix + file.path
                return file
            })
    }
}

extension Path {
    /// What a path below a directory begins with: the directory and a `/`, or nothing for `.`.
    fileprivate static func prefix(_ folder: String) -> [UInt8] {
        switch folder {
        case "", ".": []
        case "/": [UInt8(ascii: "/")]
        default: Array(folder.utf8) + [UInt8(ascii: "/")]
        }
    }
}
