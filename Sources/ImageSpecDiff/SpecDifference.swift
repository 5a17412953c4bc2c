// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Compares two specs, field by field. Base specs are compared in turn, each under its path.
struct SpecDifference {
    typealias Change = ImageSpec.Change
    typealias JSON = ImageSpec.JSONValue

    let old: ComparedSpec
    let new: ComparedSpec
    /// `base_image.` once for each spec above.
    let prefix: String
    var found: [Change] = []
    /// The content digest that tag formats are tried on; `nil` for a base spec, whose tag format has no effect.
    private let contentDigest: String?

    init(from old: ImageSpec.Snapshot, to new: ImageSpec.Snapshot) {
        self.old = ComparedSpec(old.spec, old.contents)
        self.new = ComparedSpec(new.spec, new.contents)
        contentDigest = new.contentDigest
        prefix = ""
    }

    private init(base old: ComparedSpec, _ new: ComparedSpec, prefix: String) {
        self.old = old
        self.new = new
        contentDigest = nil
        self.prefix = prefix
    }

    mutating func changes() -> [Change] {
        for field in ImageSpec.Field.all { compare(field) }
        return found
    }

    private mutating func compare(_ field: ImageSpec.Field) {
        let count = found.count
        switch field.name {
        case "base_image": compareBase(field)
        case "platform": comparePlatform(field)
        case "requirements": compareRequirements(field)
        case "source_root": compareSourceRoot(field)
        case "copy": compareCopies(field)
        case "tag_format": compareTagFormat(field)
        default: compareValues(field)
        }
        let isReported = found.count > count
        // Equal values may differ in order and in how numbers are written, which flytekit's own hash depends on.
        if !isReported, !isIdentical(old.declared(field), new.declared(field)) { addSpelling(field) }
    }

    private func isIdentical(_ old: JSON?, _ new: JSON?) -> Bool {
        guard let old, let new else { return old == nil && new == nil }
        return old.isIdentical(to: new)
    }

    /// The documents in which the values of a field differ.
    func effects(of name: String) -> Change.Effects {
        var effects: Change.Effects = []
        if old.idFields[name] != new.idFields[name] { effects.insert(.id) }
        if old.tagFields[name] != new.tagFields[name] { effects.insert(.content) }
        return effects
    }

    private func isInDocuments(_ field: ImageSpec.Field) -> Bool {
        [old.idFields, new.idFields, old.tagFields, new.tagFields].contains { $0[field.name] != nil }
    }

    /// A field whose value is in the documents unchanged, or in neither of them.
    private mutating func compareValues(_ field: ImageSpec.Field) {
        let effects = effects(of: field.name)
        if field.name == "builder_options" {
            addValues(field, old.transportOptions, new.transportOptions, [])
        }
        if effects.contains(.content) {
            addValues(field, old.tagFields[field.name], new.tagFields[field.name], effects)
        } else if effects.contains(.id) {
            addValues(field, old.idFields[field.name], new.idFields[field.name], effects)
        } else if field.name != "builder_options", !isInDocuments(field) {
            addValues(field, old.declared(field), new.declared(field), [])
        }
    }

    private mutating func compareTagFormat(_ field: ImageSpec.Field) {
        var effects: Change.Effects = []
        if let contentDigest, old.tag(of: contentDigest) != new.tag(of: contentDigest) {
            effects = .tagFormat
        }
        addValues(field, old.declared(field), new.declared(field), effects)
    }

    private mutating func comparePlatform(_ field: ImageSpec.Field) {
        let effects = effects(of: field.name)
        guard !effects.isEmpty else { return }
        let isDeclared = !(old.idFields[field.name] == nil && new.idFields[field.name] == nil)
        // A base without a platform takes that of the spec above it, where the change is reported.
        if !isDeclared && !prefix.isEmpty { return }
        let fields =
            effects.contains(.content) ? (old.tagFields, new.tagFields) : (old.idFields, new.idFields)
        add(
            field.name, isDeclared ? .value : .defaultPlatform, from: fields.0[field.name]?.text,
            to: fields.1[field.name]?.text, effects: effects)
    }

    private mutating func compareBase(_ field: ImageSpec.Field) {
        if let old = old.base, let new = new.base {
            var difference = SpecDifference(base: old, new, prefix: prefix + "base_image.")
            found += difference.changes()
            return
        }
        let effects = effects(of: field.name)
        guard !effects.isEmpty else { return }
        add(field.name, from: old.baseText, to: new.baseText, effects: effects)
    }
}
