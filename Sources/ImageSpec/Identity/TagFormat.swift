// SPDX-License-Identifier: Apache-2.0

/// `tag_format`: text with `{spec_hash}` and `{spec_hash:.N}` in it.
struct TagFormat {
    private enum Part {
        case text(String)
        case digits(Int)
    }

    private var parts: [Part] = []

    init(_ format: String) throws(ImageSpecError) {
        var rest = format[...]
        var namesContent = false
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
                throw .invalidTagFormat(format, "has a brace that is no replacement")
            }
            guard let count = Self.digits(of: rest[rest.index(after: brace)..<end]) else {
                throw .invalidTagFormat(
                    format, "has the replacement \"\(rest[brace...end])\", which there is not")
            }
            parts.append(.text(String(rest[..<brace])))
            parts.append(.digits(count))
            namesContent = true
            rest = rest[rest.index(after: end)...]
        }
        parts.append(.text(String(rest)))
        guard namesContent else { throw .invalidTagFormat(format, "does not name the content of the image") }
    }

    /// The number of digits that a replacement stands for; nil where it is none.
    private static func digits(of replacement: Substring) -> Int? {
        let text = replacement.utf8
        guard text.starts(with: "spec_hash".utf8) else { return nil }
        let precision = text.dropFirst("spec_hash".utf8.count)
        if precision.isEmpty { return SHA256Digest.hexCount }
        let digits = precision.dropFirst(2)
        guard precision.starts(with: ":.".utf8), let first = digits.first, digits.count <= 2,
            (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first),
            let count = Int(Substring(digits)), (8...SHA256Digest.hexCount).contains(count)
        else { return nil }
        return count
    }

    func tag(specHash: String) -> String {
        parts.reduce(into: "") { tag, part in
            switch part {
            case .text(let text): tag += text
            case .digits(let count): tag += specHash.prefix(count)
            }
        }
    }
}
