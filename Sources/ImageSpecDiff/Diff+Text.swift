// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.Diff: CustomStringConvertible {
    /// The diff as text; see ``text(limit:)``.
    public var description: String { text() }

    /// Returns both tags, then the changes grouped by their effects, one per line.
    ///
    /// Each change begins with two spaces and `+`, `-` or `~`. Ambiguous text and control characters are written in double
    /// quotes with C escapes.
    /// - Parameter limit: the maximum number of changes per group. If `nil`, all changes are included.
    /// - Returns: lines that end in line feeds.
    public func text(limit: Int? = nil) -> String {
        var text = ""
        func line(_ line: String) { text += line + "\n" }
        func values(_ name: String, _ from: String, _ to: String) {
            line(from.hasSameBytes(as: to) ? "\(name): \(from)" : "\(name): \(from) → \(to)")
        }
        if isSame {
            line("No differences: the id and the tag are the same.")
        } else {
            values("tag", from.tag, to.tag)
            values("id", from.id, to.id)
        }
        return text + changesText(limit: limit)
    }

    /// The changes grouped by their effects, as in ``text(limit:)``, without the tags.
    package func changesText(limit: Int?) -> String {
        var text = ""
        func line(_ line: String) { text += line + "\n" }
        for (effects, heading) in Self.headings {
            let changes = changes.filter { $0.effects == effects }
            if changes.isEmpty { continue }
            line(heading)
            for change in changes.prefix(limit ?? changes.count) { line("  \(change)") }
            if let limit, changes.count > limit { line("  … and \(changes.count - limit) more") }
        }
        return text
    }

    private static let headings: [(ImageSpec.Change.Effects, String)] = [
        ([.id, .content], "Changes the tag and the id:"),
        (.content, "Changes the tag:"),
        (.tagFormat, "Changes how the tag is written:"),
        (.id, "Changes the id, but not the tag:"),
        ([], "Changes neither tag nor id:"),
    ]
}

extension ImageSpec.Change: CustomStringConvertible {
    /// One line: `~ requirements.txt: numpy 2.1 → 2.2`, `+ src/model.py`.
    public var description: String {
        let sign =
            switch kind {
            case .added: "+"
            case .removed: "-"
            case .changed: "~"
            }
        return "\(sign) \(place)\(detail)"
    }

    private var place: String {
        if let pathBytes { return DisplayText.path(pathBytes) }
        return keys.reduce(field) { $0 + "." + DisplayText.key($1) }
    }

    private var detail: String {
        switch aspect {
        case .value: ": " + valueText
        case .content: kind == .changed ? ": content" : ""
        case .mode: ": mode \(from ?? "") → \(to ?? "")"
        case .type: ": \(from ?? "") → \(to ?? "")"
        case .target: ": link \(DisplayText.value(from ?? "")) → \(DisplayText.value(to ?? ""))"
        case .order: orderText
        case .spelling: ": \(shown(from)) → \(shown(to)), which means the same"
        case .comments: ": comments, white space or line endings"
        case .userInfo: ": user info in \(shown(to ?? from))"
        case .defaultPlatform: ": \(shown(from)) → \(shown(to)), by the registry and the host"
        }
    }

    private var valueText: String {
        let isPackages = pathBytes != nil || field.utf8.suffix(8).elementsEqual("packages".utf8)
        guard isPackages else {
            return from == nil || to == nil ? shown(to ?? from) : "\(shown(from)) → \(shown(to))"
        }
        // Hashes are too long to compare by eye.
        func package(_ text: String) -> String { shown(PackageText.shortened(text) ?? text) }
        guard let from, let to else { return (to ?? from).map(package) ?? shown(nil) }
        return PackageText.change(from: from, to: to) ?? "\(package(from)) → \(package(to))"
    }

    private var orderText: String {
        if pathBytes != nil { return ": order of lines" }
        guard let from, let to else { return ": order" }
        return ": order: \(shown(from)) → \(shown(to))"
    }

    private func shown(_ text: String?) -> String {
        text.map { DisplayText.value($0, isJSON: isJSON($0)) } ?? "(none)"
    }

    private func isJSON(_ text: String) -> Bool {
        let name = field.split(separator: ".").last ?? ""
        if ["builder_options", "builder_config", "entrypoint", "pip_secret_mounts"].contains(name) {
            return true
        }
        // A whole list.
        return [.order, .spelling, .userInfo].contains(aspect) && text.utf8.first == UInt8(ascii: "[")
    }
}
