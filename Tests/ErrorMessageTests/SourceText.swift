// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The sources of the package, as far as a test on its sentences looks at them.
enum SourceText {
    /// The package's folder.
    static let folder: String = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    struct File {
        var name: String
        var text: String

        /// The text without extensions of `ImageSpecError`.
        var outsideFactories: String {
            let parts = text.components(separatedBy: "extension ImageSpecError {")
            let rest = parts.dropFirst().map {
                $0.components(separatedBy: "\n}\n").dropFirst().joined(separator: "\n}\n")
            }
            return parts[0] + rest.joined()
        }
    }

    struct Factory {
        var name: String
        /// Its string literals, without interpolated values.
        var literals: [String]
    }

    static func files() throws -> [File] {
        let sources = folder + "/Sources"
        let names = FileManager.default.enumerator(atPath: sources)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            File(
                name: (name as NSString).lastPathComponent,
                text: try String(contentsOfFile: sources + "/" + name, encoding: .utf8))
        }
    }

    /// Every static function, property or constant that is an `ImageSpecError`, in an extension of that type.
    static func factories() throws -> [Factory] {
        // Parameters may have default values.
        let declaration =
            /static (?:func (?<name>\w+)(?<rest>[^{]*)|(?:var|let) (?<value>\w+)(?<type>[^{=]*))/
        return try files().flatMap { file -> [Factory] in
            guard file.text.contains("extension ImageSpecError {") else { return [] }
            let extensions = file.text.components(separatedBy: "extension ImageSpecError {").dropFirst().map {
                $0.components(separatedBy: "\n}\n").first ?? ""
            }
            return extensions.flatMap { text in
                text.matches(of: declaration).compactMap { match -> Factory? in
                    let after = text[match.range.upperBound...]
                    let rest = (match.rest ?? match.type ?? "").trimmingCharacters(
                        in: .whitespacesAndNewlines)
                    let isFactory =
                        rest.hasSuffix("-> ImageSpecError") || rest.hasSuffix(": ImageSpecError")
                        || after.hasPrefix("= ImageSpecError(")
                    // A body ends where the next factory of the extension begins; private functions belong to the one before.
                    let end = after.firstMatch(of: #/\n    (?:package |fileprivate )?static /#)?
                        .range
                        .lowerBound
                    let body = String(after[..<(end ?? after.endIndex)])
                    return isFactory
                        ? Factory(name: String(match.name ?? match.value ?? ""), literals: literals(body))
                        : nil
                }
            }
        }
    }

    /// The pieces of string literals between what is put into them.
    private static func literals(_ code: String) -> [String] {
        var pieces: [String] = []
        var rest = Substring(code)
        while let quote = rest.firstIndex(of: "\"") {
            rest = rest[rest.index(after: quote)...]
            pieces += literal(&rest)
        }
        return pieces
    }

    /// Reads one literal up to its closing quote.
    private static func literal(_ rest: inout Substring) -> [String] {
        var pieces = [""]
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\" else {
                pieces[pieces.count - 1].append(character)
                continue
            }
            let escaped = rest.popFirst()
            guard escaped == "(" else {
                if let escaped { pieces[pieces.count - 1].append(escaped) }
                continue
            }
            var depth = 1
            while depth > 0, let inner = rest.popFirst() {
                switch inner {
                case "(": depth += 1
                case ")": depth -= 1
                case "\"": _ = literal(&rest)
                default: break
                }
            }
            pieces.append("")
        }
        return pieces
    }
}
