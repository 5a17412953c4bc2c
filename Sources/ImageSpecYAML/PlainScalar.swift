// SPDX-License-Identifier: Apache-2.0

/// The type of a scalar without quotes, as far as the versions of YAML agree.
///
/// Source: YAML 1.2.2, section 10.3.2 (the core schema); PyYAML's resolver, which stands for YAML 1.1.
enum PlainScalar: Equatable {
    case null
    case bool(Bool)
    /// Decimal digits that `Int` reads.
    case integer
    /// A decimal number that `Double` reads.
    case float
    /// An infinity or NaN.
    case notFinite
    case text
    /// One version reads this, another one text or another number.
    case ambiguous(Reading)

    enum Reading: String {
        case boolean = "a boolean"
        case number = "a number"
        case date = "a date"
    }

    init(_ text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        case "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF":
            self = .ambiguous(.boolean)
        default: self = Self.numberOrDate(Array(text.utf8))
        }
    }

    private static func numberOrDate(_ bytes: [UInt8]) -> PlainScalar {
        // Most text begins with a letter.
        guard let first = bytes.first, isDigit(first) || "+-.".utf8.contains(first) else { return .text }
        if isInteger(bytes) { return .integer }
        if isFloat(bytes) { return .float }
        if isNotFinite(bytes) { return .notFinite }
        if looksLikeNumber(bytes) { return .ambiguous(.number) }
        if isDate(bytes) { return .ambiguous(.date) }
        return .text
    }

    /// `[-+]?(0|[1-9][0-9]*)`
    private static func isInteger(_ bytes: [UInt8]) -> Bool {
        var scanner = Scanner(bytes)
        _ = scanner.takeSign()
        if scanner.take("0") { return scanner.isAtEnd }
        return scanner.takeAll(isDigit) && scanner.isAtEnd
    }

    /// `[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?` or `\.[0-9]+([eE][-+][0-9]+)?`
    private static func isFloat(_ bytes: [UInt8]) -> Bool {
        var scanner = Scanner(bytes)
        if scanner.take(".") {
            guard scanner.takeAll(isDigit) else { return false }
        } else {
            _ = scanner.takeSign()
            guard scanner.takeAll(isDigit), scanner.take(".") else { return false }
            _ = scanner.takeAll(isDigit)
        }
        if scanner.take("e") || scanner.take("E") {
            guard scanner.takeSign(), scanner.takeAll(isDigit) else { return false }
        }
        return scanner.isAtEnd
    }

    /// `[-+]?\.(inf|Inf|INF)` or `\.(nan|NaN|NAN)`
    private static func isNotFinite(_ bytes: [UInt8]) -> Bool {
        var scanner = Scanner(bytes)
        let hasSign = scanner.takeSign()
        let word = String(decoding: scanner.rest, as: UTF8.self)
        return [".inf", ".Inf", ".INF"].contains(word)
            || (!hasSign && [".nan", ".NaN", ".NAN"].contains(word))
    }

    /// Whether one version reads any other number: other bases, leading zeros, underscores, base 60, other exponents.
    private static func looksLikeNumber(_ bytes: [UInt8]) -> Bool {
        func isDigitOrUnderscore(_ byte: UInt8) -> Bool { isDigit(byte) || byte == UInt8(ascii: "_") }
        var scanner = Scanner(bytes)
        _ = scanner.takeSign()
        var prefixed = scanner
        if prefixed.take("0"), prefixed.take("x") || prefixed.take("o") || prefixed.take("b") {
            return prefixed.takeAll {
                isDigitOrUnderscore($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0 | 0x20)
            }
                && prefixed.isAtEnd
        }
        var startsWithDigit = scanner.rest.first.map(isDigit) ?? false
        _ = scanner.takeAll(isDigitOrUnderscore)
        var isBase60 = false
        while startsWithDigit, scanner.take(":") {
            guard scanner.takeAll(isDigit) else { return false }
            isBase60 = true
        }
        if scanner.take(".") {
            startsWithDigit = startsWithDigit || (scanner.rest.first.map(isDigit) ?? false)
            _ = scanner.takeAll(isDigitOrUnderscore)
        }
        if !isBase60, scanner.take("e") || scanner.take("E") {
            _ = scanner.takeSign()
            guard scanner.takeAll(isDigit) else { return false }
        }
        return startsWithDigit && scanner.isAtEnd
    }

    /// Whether PyYAML reads a date: `YYYY-MM-DD`, optionally with a time.
    private static func isDate(_ bytes: [UInt8]) -> Bool {
        var scanner = Scanner(bytes)
        guard scanner.takeDigits(4...4), scanner.take("-"), scanner.takeDigits(1...2), scanner.take("-"),
            scanner.takeDigits(1...2)
        else { return false }
        if scanner.isAtEnd { return true }
        guard scanner.take("T") || scanner.take("t") || scanner.takeAll({ $0 == 0x20 || $0 == 0x09 }) else {
            return false
        }
        return scanner.takeDigits(1...2) && scanner.take(":") && scanner.takeDigits(2...2)
            && scanner.take(":")
            && scanner.takeDigits(2...2)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private struct Scanner {
        private(set) var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func takeSign() -> Bool { take("+") || take("-") }

        /// Takes all bytes that match; returns whether there were any.
        mutating func takeAll(_ matches: (UInt8) -> Bool) -> Bool {
            let count = rest.count
            rest = rest.drop(while: matches)
            return rest.count < count
        }

        mutating func takeDigits(_ range: ClosedRange<Int>) -> Bool {
            let count = rest.prefix(while: PlainScalar.isDigit).count
            guard range.contains(count) else { return false }
            rest = rest.dropFirst(count)
            return true
        }
    }
}
