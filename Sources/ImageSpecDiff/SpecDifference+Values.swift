// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// How the values of a field differ: members of lists and objects, spelling.
extension SpecDifference {
    mutating func addValues(
        _ field: ImageSpec.Field, _ old: JSON?, _ new: JSON?, _ effects: Change.Effects
    ) {
        if old == new { return }
        switch field.storage {
        case .options: addMembers(field.name, [], old, new, effects)
        case .environment: addMembers(field.name, [], old, new, effects, isText: true)
        // A command line is shown as a whole, also if it is empty.
        case .list where field.name == "entrypoint":
            add(field.name, from: old.map(Self.json), to: new.map(Self.json), effects: effects)
        case .list, .set, .secretMounts:
            let texts = [old, new].map { value in (value?.list ?? []).map { $0.text ?? Self.json($0) } }
            addList(field, texts[0], texts[1], effects: effects, isOrdered: !Self.isSet(field))
        case .text, .copyMode, .baseImage:
            add(field.name, from: old?.text, to: new?.text, effects: effects)
        }
    }

    /// Whether neither order nor duplicates matter.
    private static func isSet(_ field: ImageSpec.Field) -> Bool {
        if case .set = field.storage { true } else { false }
    }

    mutating func addList(
        _ field: ImageSpec.Field, _ old: [String], _ new: [String], effects: Change.Effects, isOrdered: Bool
    ) {
        let isPackages = Self.isSet(field) || field.name == "runtime_packages"
        let difference = ListDifference(
            from: old, to: new, pairsPlaces: !isPackages && field.name != "copy",
            key: { isPackages ? PackageText($0)?.key : nil })
        for edit in difference.edits {
            switch edit {
            case .added(let index): add(field.name, from: nil, to: new[index], effects: effects)
            case .removed(let index): add(field.name, from: old[index], to: nil, effects: effects)
            case .changed(let from, let to):
                add(field.name, from: old[from], to: new[to], effects: effects)
            }
        }
        if isOrdered && difference.isReordered {
            func json(_ list: [String]) -> String { Self.json(.array(list.map(JSON.string))) }
            add(field.name, .order, from: json(old), to: json(new), effects: effects)
        }
    }

    /// Descends into objects, and into lists of equal length.
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
            add(name, from: old.map(text), to: new.map(text), effects: effects, keys: keys)
        }
    }

    /// All keys, sorted by their bytes, with both values.
    private func members(_ old: ComparedSpec.Object, _ new: ComparedSpec.Object) -> [(String, JSON?, JSON?)] {
        var values: [ByteString: (old: JSON?, new: JSON?)] = [:]
        for (key, value) in old { values[ByteString(key), default: (nil, nil)].old = value }
        for (key, value) in new { values[ByteString(key), default: (nil, nil)].new = value }
        return values.sorted { $0.key.text.precedesInUTF8($1.key.text) }.map {
            ($0.key.text, $0.value.old, $0.value.new)
        }
    }

    /// Reports a field that is written differently and means the same.
    mutating func addSpelling(_ field: ImageSpec.Field) {
        let values = [old.declared(field), new.declared(field)]
        var aspect = Change.Aspect.spelling
        switch (values[0], values[1]) {
        case (.object?, .object?): aspect = .order
        case (.array(let old)?, .array(let new)?)
        where Self.isSet(field) && old.count == new.count: aspect = .order
        default: break
        }
        let shown = values.map { $0.map { $0.text ?? Self.json($0) } }
        if ["pip_index", "pip_extra_index_url"].contains(field.name) { aspect = .userInfo }
        // Two bases that are specs are compared by their own fields.
        if field.name == "base_image", case .object? = values[0], case .object? = values[1] { return }
        if aspect == .order {
            return add(field.name, aspect, from: nil, to: nil, effects: [])
        }
        add(field.name, aspect, from: shown[0], to: shown[1], effects: [])
    }

    private static func json(_ value: JSON) -> String {
        String(decoding: value.canonicalForm, as: UTF8.self)
    }

    mutating func add(
        _ name: String, _ aspect: Change.Aspect = .value, from: String?, to: String?,
        effects: Change.Effects, keys: [String] = []
    ) {
        let kind: Change.Kind =
            switch (from, to) {
            case (nil, .some): .added
            case (.some, nil): .removed
            default: .changed
            }
        // A value that is only written differently is neither added nor removed.
        let isSame = effects.isEmpty && [.spelling, .userInfo].contains(aspect)
        found.append(
            Change(
                isSame ? .changed : kind, aspect, field: prefix + name, keys: keys, from: from, to: to,
                effects: effects))
    }
}
