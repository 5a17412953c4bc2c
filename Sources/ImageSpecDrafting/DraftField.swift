// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// One field of a draft, with the comments that stand above it.
struct DraftField {
    enum Value {
        case text(String)
        case list([String])
        case map([(name: String, value: String)])
    }

    var name: String
    /// nil if the field is only an example, in a comment.
    var value: Value?
    var comments: [String]
    /// What could stand there, as YAML on one line.
    var example: String?
    /// Entries of `value` that were left out, with the reason.
    private var leftOut: [String] = []

    init(_ name: String, _ value: Value?, because comments: [String], example: String? = nil) {
        self.name = name
        self.comments = comments
        self.example = example
        if let value { self.value = writable(value) }
    }

    /// The value without what no spec file can or may hold.
    private mutating func writable(_ value: Value) -> Value? {
        func problem(_ text: String) -> String? {
            if YAMLText.scalar(text) == nil { return "contains a character that YAML cannot represent" }
            // Nobody reads a draft for passwords before it is committed.
            return text.holdsCredential && !text.contains("ssh://")
                ? "contains a URL with credentials" : nil
        }
        func isWritable(_ text: String) -> Bool {
            guard let problem = problem(text) else { return true }
            leftOut.append("omitted: \"\(text.onOneLine())\" \(problem)")
            return false
        }
        switch value {
        case .text(let text): return isWritable(text) ? value : nil
        case .list(let texts):
            let kept = texts.filter(isWritable)
            return kept.isEmpty ? nil : .list(kept)
        case .map(let pairs):
            let kept = pairs.filter { isWritable($0.name) && isWritable($0.value) }
            return kept.isEmpty ? nil : .map(kept)
        }
    }

    /// Leaves out the member of a list that a check of the spec refuses; false if there is no such member.
    mutating func refuse(member index: Int, because problem: String) -> Bool {
        guard case .list(var texts) = value, texts.indices.contains(index), texts.count > 1 else {
            return false
        }
        let text = texts.remove(at: index)
        value = .list(texts)
        leftOut.append("omitted: \"\(text.onOneLine())\", because imagespec check rejects it: \(problem)")
        return true
    }

    /// The field turned into a comment: as it is, a check of the spec refuses it.
    mutating func refuse() {
        comments.append("disabled, because imagespec check rejects it; uncomment it to see the error")
        example = lines.first.map { String($0.dropFirst(name.count + 2)) }.flatMap { $0.isEmpty ? nil : $0 }
        if example == nil { leftOut += lines.dropFirst().map { $0.trimmingPrefix(" ").description } }
        value = nil
    }

    private var lines: [String] {
        func scalar(_ text: String) -> String { YAMLText.scalar(text) ?? "''" }
        return switch value {
        case nil: []
        case .text(let text): ["\(name): \(scalar(text))"]
        case .list(let texts): ["\(name):"] + texts.map { "  - " + scalar($0) }
        case .map(let pairs): ["\(name):"] + pairs.map { "  \(scalar($0.name)): \(scalar($0.value))" }
        }
    }

    /// The YAML, comments first.
    var text: String {
        var text = (comments + leftOut).map(YAMLText.comment).joined()
        if value == nil {
            text += "# \(name): \(example.map { $0.onOneLine(limit: 300) } ?? "")".trimmingEnd() + "\n"
        }
        return text + lines.map { $0 + "\n" }.joined()
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var rest = Substring(self)
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
