// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Python's `format.format(spec_hash=tag)`.
///
/// The whole of `str.format` for one keyword argument that is a `str`: doubled braces, `!r`, `!s` and `!a`, indexes,
/// fill, alignment, width and precision, and replacements inside a format specification. Not the attributes of a
/// `str`: what Python prints for them depends on the process.
///
/// Source: the Python library reference, "Format String Syntax".
struct PythonFormat {
    private typealias CodePoint = PythonText.CodePoint

    let tag: PythonText

    init(tag: String) { self.tag = PythonText(tag) }

    func format(_ text: String) throws(ImageSpecError) -> String {
        let result = PythonText(try expand(PythonText(text).codePoints[...], depth: 2))
        // Nothing here makes a lone surrogate.
        return result.string ?? ""
    }

    private func raise(_ type: String, _ message: String) -> ImageSpecError {
        .flytekit(.invalidField, "tag_format", raises: type, message)
    }

    // MARK: the text

    private func expand(_ text: ArraySlice<CodePoint>, depth: Int) throws(ImageSpecError) -> [CodePoint] {
        guard depth > 0 else { throw raise("ValueError", "Max string recursion exceeded") }
        var result: [CodePoint] = []
        var rest = text
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            result += rest[..<brace]
            let next = rest.index(after: brace)
            let isDoubled = next < rest.endIndex && rest[next] == rest[brace]
            if rest[brace] == "}" && !isDoubled {
                throw raise("ValueError", "Single '}' encountered in format string")
            }
            guard next < rest.endIndex else {
                throw raise("ValueError", "Single '{' encountered in format string")
            }
            if isDoubled {
                result.append(rest[brace])
                rest = rest[(next + 1)...]
            } else {
                rest = rest[next...]
                let field = try Field(&rest, raise)
                result += try replacement(field, depth: depth)
            }
        }
        return result + rest
    }

    /// `{name!conversion:specification}`
    private struct Field {
        var name: ArraySlice<CodePoint>
        var conversion: CodePoint?
        var specification: ArraySlice<CodePoint> = []

        init(
            _ rest: inout ArraySlice<CodePoint>, _ raise: (String, String) -> ImageSpecError
        ) throws(ImageSpecError) {
            let text = rest
            var end: CodePoint?
            while end == nil, let character = rest.popFirst() {
                switch character {
                case "{": throw raise("ValueError", "unexpected '{' in field name")
                case "[": rest = rest.drop { $0 != "]" }
                case "}", ":", "!": end = character
                default: break
                }
            }
            guard var end else { throw raise("ValueError", "expected '}' before end of string") }
            name = text[..<(rest.startIndex - 1)]
            if end == "!" {
                guard let letter = rest.popFirst() else {
                    throw raise("ValueError", "end of string while looking for conversion specifier")
                }
                conversion = letter
                if let character = rest.popFirst() {
                    guard character == "}" || character == ":" else {
                        throw raise("ValueError", "expected ':' after conversion specifier")
                    }
                    end = character
                }
            }
            if end == "}" { return }
            let specificationStart = rest.startIndex
            var open = 1
            while let character = rest.popFirst() {
                if character == "{" { open += 1 }
                if character == "}" { open -= 1 }
                if open == 0 {
                    specification = text[specificationStart..<(rest.startIndex - 1)]
                    return
                }
            }
            throw raise("ValueError", "unmatched '{' in format spec")
        }
    }

    private func replacement(_ field: Field, depth: Int) throws(ImageSpecError) -> [CodePoint] {
        var value = try lookUp(field.name)
        switch field.conversion {
        case nil, "s": break
        case "r", "a":
            // Both are the same where all is ASCII, as a tag is.
            var writer = PythonRepresentation()
            writer.string(PythonText(value).string ?? "")
            value = PythonText(String(decoding: writer.bytes, as: UTF8.self)).codePoints
        case let letter?:
            let shown =
                letter.isBetween(33, 126) ? character(letter) : "\\x" + String(letter.value, radix: 16)
            throw raise("ValueError", "Unknown conversion specifier \(shown)")
        }
        var specification = field.specification
        if specification.contains("{") {
            specification = try expand(specification, depth: depth - 1)[...]
        }
        return try formatted(value, specification)
    }

    private func character(_ codePoint: CodePoint) -> String {
        codePoint.scalar.map { String(Character($0)) } ?? ""
    }

    // MARK: the field's name

    private func lookUp(_ name: ArraySlice<CodePoint>) throws(ImageSpecError) -> [CodePoint] {
        let end = name.firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
        let first = name[..<end]
        if let index = try integer(first) {
            throw raise("IndexError", "Replacement index \(index) out of range for positional args tuple")
        }
        if first.isEmpty {
            throw raise("IndexError", "Replacement index 0 out of range for positional args tuple")
        }
        guard first.elementsEqual(PythonText("spec_hash").codePoints) else {
            var writer = PythonRepresentation()
            writer.string(PythonText(first).string ?? "")
            throw raise("KeyError", String(decoding: writer.bytes, as: UTF8.self))
        }
        var value = tag.codePoints
        var rest = name[end...]
        while let opening = rest.popFirst() {
            guard opening == "." || opening == "[" else {
                throw raise("ValueError", "Only '.' or '[' may follow ']' in format field specifier")
            }
            let stop = opening == "." ? rest.firstIndex { $0 == "." || $0 == "[" } : rest.firstIndex(of: "]")
            guard opening == "." || stop != nil else {
                throw raise("ValueError", "Missing ']' in format string")
            }
            let key = rest[..<(stop ?? rest.endIndex)]
            rest = rest[(stop ?? rest.endIndex)...]
            if opening == "[" { rest = rest.dropFirst() }
            let index = try opening == "[" ? integer(key) : nil
            guard !key.isEmpty else { throw raise("ValueError", "Empty attribute in format string") }
            if opening == "." { throw attributeError(PythonText(key).string ?? "") }
            guard let index else {
                throw raise("TypeError", "string indices must be integers, not 'str'")
            }
            guard value.indices.contains(index) else {
                throw raise("IndexError", "string index out of range")
            }
            value = [value[index]]
        }
        return value
    }

    /// Decimal digits of any script; nil if anything else is among them, or nothing.
    private func integer(_ text: ArraySlice<CodePoint>) throws(ImageSpecError) -> Int? {
        var value = 0
        for codePoint in text {
            guard let digit = codePoint.decimal else { return nil }
            value = try append(digit, to: value)
        }
        return text.isEmpty ? nil : value
    }

    private func append(_ digit: Int, to value: Int) throws(ImageSpecError) -> Int {
        guard value <= (Int.max - digit) / 10 else {
            throw raise("ValueError", "Too many decimal digits in format string")
        }
        return value * 10 + digit
    }

    private func attributeError(_ name: String) -> ImageSpecError {
        let known = """
            capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha \
            isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust \
            lower lstrip maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit \
            rstrip split splitlines startswith strip swapcase title translate upper zfill
            """
        if name.hasPrefix("__") || known.split(separator: " ").contains(where: { $0.elementsEqual(name) }) {
            return .attributeInTagFormat(name)
        }
        return raise("AttributeError", "'str' object has no attribute '\(name)'")
    }

    // MARK: the specification

    /// `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`, of which a `str` allows some.
    private func formatted(
        _ value: [CodePoint], _ specification: ArraySlice<CodePoint>
    ) throws(ImageSpecError) -> [CodePoint] {
        if specification.isEmpty { return value }
        var rest = specification
        var fill: CodePoint = " "
        var alignment: CodePoint = "<"
        var hasFill = false
        func isAlignment(_ codePoint: CodePoint?) -> Bool {
            codePoint == "<" || codePoint == ">" || codePoint == "=" || codePoint == "^"
        }
        if rest.count >= 2, isAlignment(rest[rest.startIndex + 1]) {
            fill = rest.removeFirst()
            alignment = rest.removeFirst()
            hasFill = true
        } else if isAlignment(rest.first) {
            alignment = rest.removeFirst()
        }
        var sign: CodePoint?
        if let first = rest.first, first == " " || first == "+" || first == "-" { sign = rest.removeFirst() }
        func take(_ character: CodePoint) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }
        let coercesNegativeZero = take("z")
        let isAlternate = take("#")
        if !hasFill && take("0") { fill = "0" }
        let width = try leadingInteger(&rest)
        let comma = take(",")
        let underscore = take("_")
        if underscore && (comma || rest.first == ",") {
            throw raise("ValueError", "Cannot specify both ',' and '_'.")
        }
        var precision: Int?
        if take(".") {
            precision = try leadingInteger(&rest)
            if precision == nil { throw raise("ValueError", "Format specifier missing precision") }
        }
        let type = rest.first ?? "s"
        guard rest.count <= 1 else {
            let text = PythonText(specification).string ?? ""
            throw raise("ValueError", "Invalid format specifier '\(text)' for object of type 'str'")
        }
        func shown(_ codePoint: CodePoint) -> String {
            codePoint.isBetween(33, 127) ? character(codePoint) : "\\x" + String(codePoint.value, radix: 16)
        }
        if comma || underscore {
            let allowed = underscore ? "defgEG%FboxX" : "defgEG%F"
            if !PythonText(allowed).codePoints.contains(type) {
                throw raise("ValueError", "Cannot specify '\(comma ? "," : "_")' with '\(shown(type))'.")
            }
        }
        guard type == "s" else {
            throw raise("ValueError", "Unknown format code '\(shown(type))' for object of type 'str'")
        }
        if let sign {
            throw raise(
                "ValueError", "\(sign == " " ? "Space" : "Sign") not allowed in string format specifier")
        }
        if coercesNegativeZero {
            throw raise("ValueError", "Negative zero coercion (z) not allowed in string format specifier")
        }
        if isAlternate {
            throw raise("ValueError", "Alternate form (#) not allowed in string format specifier")
        }
        if alignment == "=" {
            throw raise("ValueError", "'=' alignment not allowed in string format specifier")
        }

        let shortened = value.prefix(precision ?? value.count)
        let padding = max(0, (width ?? 0) - shortened.count)
        guard padding <= Self.maximumPadding else { throw .tagFormatTooWide(padding) }
        let left = alignment == ">" ? padding : alignment == "^" ? padding / 2 : 0
        return Array(repeating: fill, count: left) + shortened + Array(repeating: fill, count: padding - left)
    }

    /// Python tries to allocate any width; no registry takes a tag of a millionth of it.
    private static let maximumPadding = 1_000_000

    private func leadingInteger(_ text: inout ArraySlice<CodePoint>) throws(ImageSpecError) -> Int? {
        var value: Int?
        while let digit = text.first?.decimal {
            value = try append(digit, to: value ?? 0)
            text.removeFirst()
        }
        return value
    }
}
