// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// `tag_format`: text with the placeholders `{spec_hash}` and `{spec_hash:.N}`.
package struct TagFormat {
    private typealias Grammar = ImageSpec.ImageReference.Grammar

    private let pieces: [Piece]

    package init(_ format: String) throws(ImageSpecError) {
        pieces = Self.pieces(of: format)
        var length = 0
        var hasDigits = false
        var isTag = true
        for piece in pieces {
            switch piece {
            case .text(let text):
                if length == 0, let first = text.utf8.first { isTag = Grammar.mayBeginTag(first) }
                isTag = isTag && text.utf8.allSatisfy(Grammar.mayBeInTag)
                length += text.utf8.count
            case .specHash(let precision):
                guard let count = Self.digitCount(precision) else {
                    throw .invalidTagFormat(
                        format, "has the unknown placeholder \"{spec_hash:.\(precision ?? "")}\"")
                }
                hasDigits = true
                length += count
            case .unknownPlaceholder(let name):
                throw .invalidTagFormat(format, "has the unknown placeholder \"{\(name)}\"")
            case .unmatchedBrace: throw .invalidTagFormat(format, "has an unmatched brace")
            }
        }
        if !hasDigits { throw .invalidTagFormat(format, "must contain {spec_hash}") }
        if !isTag { throw .invalidTag(format, "does not produce a valid tag") }
        if length > Grammar.maximumTagLength {
            throw .invalidTag(format, "produces a tag of \(length) characters")
        }
    }

    /// Returns the tag of an image whose content digest has these 64 digits.
    package func tag(specHash: String) -> String {
        var tag = ""
        for piece in pieces {
            switch piece {
            case .text(let text): tag += text
            case .specHash(let precision):
                tag += Substring(specHash.utf8.prefix(Self.digitCount(precision) ?? 0))
            case .unknownPlaceholder, .unmatchedBrace: break
            }
        }
        return tag
    }

    /// The number of digits of a placeholder; `nil` if it is not valid.
    private static func digitCount(_ precision: Substring?) -> Int? {
        guard let precision else { return SHA256Digest.hexCount }
        guard precision.utf8.allSatisfy(\.isASCIIDigit), precision.utf8.first != UInt8(ascii: "0"),
            let count = Int(precision)
        else { return nil }
        return (8...SHA256Digest.hexCount).contains(count) ? count : nil
    }
}

extension TagFormat {
    /// A piece of a format, as far as all schemes agree.
    package enum Piece {
        case text(Substring)
        /// `{spec_hash}`, or `{spec_hash:.N}` with the text in place of `N`.
        case specHash(precision: Substring?)
        /// The text between two braces.
        case unknownPlaceholder(Substring)
        case unmatchedBrace
    }

    /// Splits a format at its braces. A brace without its partner ends the list.
    package static func pieces(of format: String) -> [Piece] {
        let (open, close) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
        var pieces: [Piece] = []
        var rest = Substring(format)
        // By bytes: an accent after a brace makes them one character to Swift.
        while let brace = rest.utf8.firstIndex(where: { $0 == open || $0 == close }) {
            let start = rest.utf8.index(after: brace)
            guard rest.utf8[brace] == open, let end = rest.utf8[start...].firstIndex(of: close) else {
                pieces.append(.unmatchedBrace)
                return pieces
            }
            pieces.append(.text(rest[..<brace]))
            pieces.append(placeholder(rest[start..<end]))
            rest = rest[rest.utf8.index(after: end)...]
        }
        pieces.append(.text(rest))
        return pieces
    }

    private static func placeholder(_ text: Substring) -> Piece {
        let name = "spec_hash".utf8
        guard text.utf8.starts(with: name) else { return .unknownPlaceholder(text) }
        let rest = text.utf8.dropFirst(name.count)
        if rest.isEmpty { return .specHash(precision: nil) }
        guard rest.starts(with: ":.".utf8) else { return .unknownPlaceholder(text) }
        return .specHash(precision: Substring(rest.dropFirst(2)))
    }
}
