// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

/// Whether a line of a requirements file names something on the machine that installs it, and not in an index or at a URL.
///
/// Source: pip's "Requirement Specifiers", "VCS Support" and "Local project installs"; PEP 508 for `name @ URL`.
enum LocalRequirement {
    /// Of a logical line. One that names an environment's variable may mean anything, and is not taken for local.
    static func isLocal(_ line: String) -> Bool {
        if line.contains("${") { return false }
        for option in ["--editable", "-e"] where line.hasPrefix(option) {
            let rest = line.dropFirst(option.count)
            guard let next = rest.first, next == "=" || next.isWhitespace || option == "-e" else { continue }
            let target = unquoted(rest.drop { $0 == "=" || $0.isWhitespace })
            // What can be edited is a directory, or a checkout that a URL leads to.
            return !target.isEmpty && (!target.contains("://") || isFileURL(target))
        }
        // An include of a URL is the only one that is not among the files.
        for option in ["--requirement", "--constraint", "-r", "-c"] where line.hasPrefix(option) {
            return isFileURL(unquoted(line.dropFirst(option.count).drop { $0 == "=" || $0.isWhitespace }))
        }
        if line.hasPrefix("-") { return false }
        let word = unquoted(line[...])
        // name[extras] @ URL
        if let at = line.firstIndex(of: "@"), !line[..<at].contains(where: { "/:;".contains($0) }),
            !word.hasPrefix(".")
        {
            return isPlace(unquoted(line[line.index(after: at)...].drop(while: \.isWhitespace)))
        }
        return isPlace(word)
    }

    /// Whether a text that is a name, a path or a URL is a path, or a URL of one.
    private static func isPlace(_ text: Substring) -> Bool {
        if isFileURL(text) { return true }
        if text.contains("://") { return false }
        // Nothing before a marker, an extra or a version has a slash but paths.
        let name = text.prefix { !";[=<>!~".contains($0) }
        return name.hasPrefix(".") || name.contains("/") || text.hasPrefix("~/")
            || [".whl", ".tar.gz", ".zip"].contains { name.lowercased().hasSuffix($0) }
    }

    /// `file:`, or `git+file:` and the like.
    private static func isFileURL(_ text: Substring) -> Bool {
        let scheme = text.prefix { $0 != ":" }
        guard scheme.count < text.count else { return false }
        return scheme.lowercased() == "file" || scheme.lowercased().hasSuffix("+file")
    }

    /// The first word, or what stands in quotes.
    private static func unquoted(_ text: Substring) -> Substring {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            return text.prefix { !$0.isWhitespace }
        }
        return text.dropFirst().prefix { $0 != quote }
    }
}
