// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Text like Python's `str`: code points, including lone surrogates in place of bytes that are not UTF-8 (`surrogateescape`).
struct PythonText: Hashable, Sendable {
    var codePoints: [CodePoint]

    init(_ codePoints: some Sequence<CodePoint>) { self.codePoints = Array(codePoints) }

    init(_ text: String) { codePoints = text.unicodeScalars.map { CodePoint($0.value) } }

    /// A file name as `os.fsdecode` reads it.
    init(fileName bytes: some Collection<UInt8>) {
        codePoints = []
        var rest = Array(bytes)[...]
        while let byte = rest.first {
            if byte < 0x80 {
                codePoints.append(CodePoint(UInt32(byte)))
                rest.removeFirst()
                continue
            }
            var decoder = UTF8()
            var iterator = rest.makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&iterator) {
                codePoints.append(CodePoint(scalar.value))
                rest.removeFirst(UTF8.width(scalar))
            } else {
                codePoints.append(CodePoint(0xDC00 + UInt32(byte)))
                rest.removeFirst()
            }
        }
    }

    /// The text; `nil` if it has lone surrogates.
    var string: String? {
        var text = String.UnicodeScalarView()
        for codePoint in codePoints {
            guard let scalar = codePoint.scalar else { return nil }
            text.append(scalar)
        }
        return String(text)
    }

    /// `str.strip()`.
    var stripped: PythonText {
        let start = codePoints.drop { $0.isSpace }
        let end = start.lastIndex { !$0.isSpace }.map { $0 + 1 } ?? start.startIndex
        return PythonText(start[..<end])
    }

    /// `str.lower()`: the full mapping, and the sigma that ends a word.
    var lowercased: PythonText {
        var result: [CodePoint] = []
        result.reserveCapacity(codePoints.count)
        for (index, codePoint) in codePoints.enumerated() {
            if codePoint == "Σ" {
                result.append(isFinalSigma(at: index) ? "ς" : "σ")
            } else {
                result += codePoint.lowercased
            }
        }
        return PythonText(result)
    }

    /// Whether there is a cased letter before and none behind, apart from characters that case ignores.
    private func isFinalSigma(at index: Int) -> Bool {
        let before = codePoints[..<index].last { !$0.isCaseIgnorable }
        let behind = codePoints[(index + 1)...].first { !$0.isCaseIgnorable }
        return before?.isCased ?? false && !(behind?.isCased ?? false)
    }

    /// A character of a `str`, with its properties in Python 3.11, which has Unicode 14.0. Later characters are unassigned.
    struct CodePoint: Hashable, Sendable, Comparable, ExpressibleByUnicodeScalarLiteral {
        let value: UInt32

        init(_ value: UInt32) { self.value = value }

        init(unicodeScalarLiteral scalar: Unicode.Scalar) { value = scalar.value }

        static func < (left: CodePoint, right: CodePoint) -> Bool { left.value < right.value }

        /// `nil` for a surrogate.
        var scalar: Unicode.Scalar? { Unicode.Scalar(value) }

        /// The scalar's properties, if Unicode 14.0 has it.
        private var properties: Unicode.Scalar.Properties? {
            guard let properties = scalar?.properties, let age = properties.age, age <= (14, 0) else {
                return nil
            }
            return properties
        }

        func isBetween(_ first: UInt32, _ last: UInt32) -> Bool { value >= first && value <= last }

        /// `str.isprintable()`: assigned, and no control, format or private character and no separator but the space.
        var isPrintable: Bool {
            if value < 0x7F { return value >= 0x20 }
            guard let properties else { return false }
            switch properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
                .spaceSeparator:
                return false
            default: return true
            }
        }

        /// `str.isspace()`.
        var isSpace: Bool {
            switch value {
            case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
                0x205F, 0x3000:
                true
            default: false
            }
        }

        /// The value of a decimal digit of any script.
        var decimal: Int? {
            if isBetween(0x30, 0x39) { return Int(value) - 0x30 }
            guard let properties, properties.generalCategory == .decimalNumber else { return nil }
            return properties.numericValue.map { Int($0) }
        }

        /// A regular expression's `\w`: `str.isalnum()` or an underscore.
        var isWord: Bool {
            if self == "_" { return true }
            guard let properties else { return false }
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
                return true
            default: return properties.numericType != nil
            }
        }

        /// U+0295 was a lower-case letter until Unicode 17.0 made it one without case.
        var isCased: Bool { value == 0x295 || properties?.isCased ?? false }

        /// U+1171E was a non-spacing mark until Unicode 15.0 made it a spacing one.
        var isCaseIgnorable: Bool { value == 0x1171E || properties?.isCaseIgnorable ?? false }

        /// The full mapping, without context.
        var lowercased: [CodePoint] {
            if value < 0x80 { return [isBetween(0x41, 0x5A) ? CodePoint(value | 0x20) : self] }
            return properties?.lowercaseMapping.unicodeScalars.map { CodePoint($0.value) } ?? [self]
        }
    }
}

extension String {
    /// The result of `str.lower()`.
    var pythonLowercased: String { PythonText(self).lowercased.string ?? self }
}
