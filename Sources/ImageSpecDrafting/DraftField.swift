// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// One field of a draft, with the comments above it.
struct DraftField {
    enum Value {
        case text(String)
        case list([String])
        case map([(name: String, value: String)])
    }

    var name: String
    /// `nil` if the field is only an example in a comment.
    var value: Value?
    var comments: [String]
    /// An example of a value, as YAML on one line.
    var example: String?
    /// Entries of `value` that were omitted, with the reason.
    private var omitted: [String] = []

    init(_ name: String, _ value: Value?, because comments: [String], example: String? = nil) {
        self.name = name
        self.comments = comments
        self.example = example
        if let value { self.value = writable(value) }
    }

    /// The value without entries that a spec file cannot or must not contain.
    private mutating func writable(_ value: Value) -> Value? {
        func problem(_ text: String) -> String? {
            if YAMLText.scalar(text) == nil { return "contains a character that YAML cannot represent" }
            // A draft may be committed without a look at its values.
            return text.holdsCredential && !text.contains("ssh://")
                ? "contains a URL with credentials" : nil
        }
        func isWritable(_ text: String) -> Bool {
            guard let problem = problem(text) else { return true }
            omitted.append("omitted: \"\(text.onOneLine())\" \(problem)")
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

    /// Omits the member of a list that a check rejects; `false` if there is no such member, or no other.
    mutating func refuse(member index: Int, because problem: String) -> Bool {
        guard case .list(var texts) = value, texts.indices.contains(index), texts.count > 1 else {
            return false
        }
        let text = texts.remove(at: index)
        value = .list(texts)
        omitted.append("omitted: \"\(text.onOneLine())\", because imagespec check rejects it: \(problem)")
        return true
    }

    /// Turns the field into a comment, because a check rejects it.
    mutating func refuse() {
        comments.append("disabled, because imagespec check rejects it; uncomment it to see the error")
        example = lines.first.map { String($0.dropFirst(name.count + 2)) }.flatMap { $0.isEmpty ? nil : $0 }
        if example == nil { omitted += lines.dropFirst().map { $0.trimmingPrefix(" ").description } }
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

    /// The YAML, with the comments first.
    var text: String {
        var text = (comments + omitted).map(YAMLText.comment).joined()
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
