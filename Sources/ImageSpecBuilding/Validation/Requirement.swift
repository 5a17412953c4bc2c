// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// One requirement: a package by its name or by its URL.
///
/// Source: PEP 508; what uv adds to it (a URL or a path without a name), and what it does not take, as uv 0.13 decides it.
struct Requirement: Equatable, Sendable {
    enum Source: Equatable, Sendable {
        /// From an index, in a version that satisfies all conditions.
        case index([VersionSpecifier])
        case url(RequirementURL)
        /// A path, or a URL of one.
        case local
        /// A URL that begins with a variable.
        case variable
    }

    /// `nil` if only the URL or path says which package it is.
    var name: String?
    var extras: [String] = []
    var source: Source
    var marker: EnvironmentMarker?

    /// Reads a requirement without options, as a member of `packages` or in a line of a requirements file.
    init(_ text: String, for installer: PackageInstaller) throws(RequirementProblem) {
        let text = text.trimmingSpace
        try Self.refuseOtherFormats(text)
        if LocalRequirement.isLocal(text) {
            source = .local
            return
        }
        var reader = Reader(cursor: TextCursor(text), installer: installer)
        // A name that is followed by @ begins no URL, as "git+https://git@host" does.
        if !text.utf8.starts(with: "${".utf8), let named = try reader.named() {
            self = named
        } else {
            reader.cursor.position = 0
            self = try reader.unnamed()
        }
    }

    private init(name: String?, extras: [String], source: Source, marker: EnvironmentMarker?) {
        self.name = name
        self.extras = extras
        self.source = source
        self.marker = marker
    }

    private static func refuseOtherFormats(_ text: String) throws(RequirementProblem) {
        guard let first = text.utf8.first else {
            throw RequirementProblem("is empty", fix: "remove it")
        }
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].contains(where: text.hasPrefix) {
            throw RequirementProblem(
                "is the marker of an unresolved merge conflict", fix: "resolve the conflict")
        }
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            throw RequirementProblem("begins with a quote", fix: "write the requirement without quotes")
        }
    }

    private struct Reader {
        var cursor: TextCursor
        let installer: PackageInstaller

        /// `nil` if the text is a URL without a name.
        mutating func named() throws(RequirementProblem) -> Requirement? {
            let name = cursor.takeAll(Self.isOfName)
            if cursor.peek() == UInt8(ascii: ":") || cursor.peek() == UInt8(ascii: "+") {
                if cursor.rest.contains("://") { return nil }
            }
            guard let first = name.utf8.first, first.isASCIILetterOrDigit else {
                throw RequirementProblem(
                    "does not begin with a letter or a digit",
                    fix: "begin with the name of a package, as in \"numpy==2.1.3\"")
            }
            guard let last = name.utf8.last, last.isASCIILetterOrDigit else {
                throw RequirementProblem(
                    "has a package name that ends in \"\(name.suffix(1))\"",
                    fix: "end it with a letter or a digit")
            }
            cursor.skipSpace()
            let extras = try self.extras()
            cursor.skipSpace()
            if cursor.take("@") {
                return Requirement(
                    name: name, extras: extras, source: try url(after: name), marker: try marker())
            }
            let specifiers = try versions(of: name)
            if specifiers.isEmpty, extras.isEmpty,
                [".txt", ".yml", ".yaml", ".toml"].contains(where: name.hasSuffix)
            {
                throw RequirementProblem(
                    "is the name of a file", fix: "use the field requirements for a file")
            }
            return Requirement(name: name, extras: extras, source: .index(specifiers), marker: try marker())
        }

        mutating func unnamed() throws(RequirementProblem) -> Requirement {
            var text = urlText()
            var extras: [String] = []
            // name.whl[extra]
            if text.hasSuffix("]"), let open = text.lastIndex(of: "[") {
                var reader = Reader(cursor: TextCursor(String(text[open...])), installer: installer)
                extras = try reader.extras()
                text = String(text[..<open])
            }
            let source: Source =
                text.hasPrefix("${") ? .variable : .url(try RequirementURL(text, name: nil, for: installer))
            return Requirement(name: nil, extras: extras, source: source, marker: try marker())
        }

        static func isOfName(_ byte: UInt8) -> Bool {
            byte.isASCIILetterOrDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
        }

        private mutating func extras() throws(RequirementProblem) -> [String] {
            guard cursor.take("[") else { return [] }
            var extras: [String] = []
            while true {
                cursor.skipSpace()
                if extras.isEmpty, cursor.take("]") { return [] }
                let extra = cursor.takeAll(Self.isOfName)
                guard let first = extra.utf8.first, let last = extra.utf8.last, first.isASCIILetterOrDigit,
                    last.isASCIILetterOrDigit
                else {
                    throw RequirementProblem(
                        "has an invalid extra in brackets",
                        fix: "separate names with commas, as in \"[a,b]\"")
                }
                extras.append(extra)
                cursor.skipSpace()
                if cursor.take("]") { return extras }
                guard cursor.take(",") else {
                    throw RequirementProblem(
                        cursor.isAtEnd ? "has an unclosed bracket" : "has an invalid list of extras",
                        fix: "separate names with commas, as in \"[a,b]\"")
                }
            }
        }

        /// The conditions up to a marker or the end.
        private mutating func versions(of name: String) throws(RequirementProblem) -> [VersionSpecifier] {
            if let next = cursor.peek(), !"(<=>~!;".utf8.contains(next) {
                throw unexpected(after: name)
            }
            if cursor.take("(") {
                let text = cursor.takeAll { $0 != UInt8(ascii: ")") && $0 != UInt8(ascii: ";") }
                guard cursor.take(")") else {
                    throw RequirementProblem("has an unclosed parenthesis", fix: "close it, or remove it")
                }
                return try specifiers(text.trimmingSpace)
            }
            let text = cursor.takeAll { $0 != UInt8(ascii: ";") }
            return text.isEmpty ? [] : try specifiers(text.trimmingSpace)
        }

        private func specifiers(_ text: String) throws(RequirementProblem) -> [VersionSpecifier] {
            if let hash = text.startOfComment() {
                throw Self.comment(String(text[hash...]))
            }
            do throws(RequirementProblem) {
                return try VersionSpecifier.list(text)
            } catch {
                // Old versions of pip take any text for a version.
                if installer == .pip, !text.isEmpty,
                    text.split(separator: ",").allSatisfy(Self.isConditionForPip)
                {
                    return []
                }
                throw error
            }
        }

        private static func isConditionForPip(_ text: Substring) -> Bool {
            let text = String(text).trimmingSpace
            let sign = text.prefix { "<>=!~".contains($0) }
            let version = text.dropFirst(sign.count).drop(while: \.isWhitespace)
            return (VersionSpecifier.Comparison(rawValue: String(sign)) != nil || sign == "<>")
                && !version.isEmpty && !version.contains(where: \.isWhitespace)
        }

        private static func comment(_ text: String) -> RequirementProblem {
            RequirementProblem(
                "contains a comment", fix: "remove \"\(text.shortened(to: 40))\"")
        }

        /// What follows a name and can follow none.
        private func unexpected(after name: String) -> RequirementProblem {
            let rest = cursor.rest
            switch cursor.peek() {
            case UInt8(ascii: "#"): return Self.comment(rest)
            case UInt8(ascii: ","):
                return RequirementProblem("contains several packages", fix: "write each as a separate entry")
            case UInt8(ascii: ":"):
                return RequirementProblem(
                    "is not a requirement: \":\" follows the name",
                    fix: "write a version as in \"\(name)==1.0\"")
            case UInt8(ascii: "$"):
                return RequirementProblem(
                    "has a variable in its name", fix: "write the name; variables are expanded only in URLs")
            case let next? where next.isASCIIDigit:
                return RequirementProblem(
                    "has a version without an operator",
                    fix: "write \"\(name)==\(cursor.nextWord.shortened(to: 40))\"")
            default:
                return RequirementProblem(
                    "contains unexpected text after the name \"\(name.shortened(to: 40))\"",
                    fix:
                        "write one requirement, as in \"\(name.shortened(to: 40))==1.0\"; names cannot contain spaces"
                )
            }
        }

        private mutating func url(after name: String) throws(RequirementProblem) -> Source {
            cursor.skipSpace()
            let text = urlText()
            guard !text.isEmpty else {
                throw RequirementProblem(
                    "has no URL after \"@\"", fix: "write one, as in \"\(name) @ https://…\"")
            }
            if text.hasPrefix("${") { return .variable }
            if text.utf8.allSatisfy({ $0.isASCIIDigit || $0 == UInt8(ascii: ".") }) {
                throw RequirementProblem(
                    "has \"\(text.shortened(to: 40))\" instead of a URL",
                    fix: "for a version, write \"\(name)==\(text)\"")
            }
            return .url(try RequirementURL(text, name: name, for: installer))
        }

        /// A URL ends before a marker: at a semicolon with white space on one of its sides, or before a comment.
        private mutating func urlText() -> String {
            let start = cursor.position
            while let byte = cursor.peek() {
                let next = cursor.peek(1)
                if byte == UInt8(ascii: ";"), next == nil || next.map(\.isASCIIWhiteSpace) == true {
                    break
                }
                if byte.isASCIIWhiteSpace {
                    let rest = cursor.bytes[cursor.position...].first { !$0.isASCIIWhiteSpace }
                    if rest == nil || rest == UInt8(ascii: ";") || rest == UInt8(ascii: "#") { break }
                }
                cursor.position += 1
            }
            return cursor.text(from: start, to: cursor.position)
        }

        private mutating func marker() throws(RequirementProblem) -> EnvironmentMarker? {
            cursor.skipSpace()
            if cursor.isAtEnd { return nil }
            guard cursor.take(";") else {
                if cursor.peek() == UInt8(ascii: "#") { throw Self.comment(cursor.rest) }
                throw RequirementProblem(
                    "has \"\(cursor.rest.shortened(to: 40))\" at its end",
                    fix: "remove it; a marker follows \";\", write other packages as separate entries")
            }
            let text = cursor.rest.trimmingSpace
            // pip takes an empty marker for none.
            if text.isEmpty, installer == .pip { return nil }
            return try EnvironmentMarker(text, for: installer)
        }
    }
}

extension String {
    /// Where a comment begins: at "#" after white space.
    fileprivate func startOfComment() -> String.Index? {
        for index in indices where self[index] == "#" {
            if index == startIndex || self[self.index(before: index)].isWhitespace { return index }
        }
        return nil
    }
}
