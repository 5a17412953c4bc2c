// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// A JSON value, used for `builder_options`, `builder_config` and spec documents.
    ///
    /// It keeps the order of keys and whether a number was written as an integer, because flytekit's own
    /// hash depends on both. Neither affects `id` or `tag`.
    public enum JSONValue: Hashable, Sendable {
        /// `null`.
        case null
        /// `true` or `false`.
        case bool(Bool)
        /// A number.
        case number(Number)
        /// A string.
        case string(String)
        /// A list.
        case array([JSONValue])
        /// An object.
        case object(OrderedDictionary<JSONValue>)

        /// A number that JSON represents exactly: finite and, if integral,
        /// within ±(2^53 − 1), so that every reader sees the same value (RFC 8785, RFC 7493).
        public struct Number: Hashable, Sendable {
            /// The largest integer, 2^53 − 1.
            public static let maximumInteger = 9_007_199_254_740_991

            /// The value.
            public let value: Double
            /// Whether it was written as an integer: `1`, not `1.0` or `1e0`.
            public let isInteger: Bool

            /// An integer.
            /// - Throws: ``ImageSpecError/Code/invalidDocument`` beyond ±(2^53 − 1).
            public init(_ integer: Int) throws(ImageSpecError) {
                guard integer.magnitude <= UInt(Self.maximumInteger) else {
                    throw .numberOutOfRange("\(integer)")
                }
                value = Double(integer)
                isInteger = true
            }

            /// A floating-point number.
            /// - Throws: ``ImageSpecError/Code/invalidDocument`` for NaN, an infinity, and an integral value
            ///   beyond ±(2^53 − 1).
            public init(_ double: Double) throws(ImageSpecError) {
                guard double.isFinite,
                    double.rounded() != double || double.magnitude <= Double(Self.maximumInteger)
                else { throw .numberOutOfRange("\(double)") }
                value = double
                isInteger = false
            }

            /// Returns whether two numbers have the same value: `1` and `1.0` are equal.
            public static func == (left: Number, right: Number) -> Bool { left.value == right.value }

            /// Feeds the value to a hasher.
            public func hash(into hasher: inout Hasher) { hasher.combine(value) }

            /// Returns whether two numbers are written the same: `1` and `1.0` differ, as do `0.0` and `-0.0`.
            public func isIdentical(to other: Number) -> Bool {
                value.bitPattern == other.value.bitPattern && isInteger == other.isInteger
            }
        }
    }
}

extension ImageSpec.JSONValue {
    /// An integer.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` beyond ±(2^53 − 1).
    public init(_ integer: Int) throws(ImageSpecError) { self = .number(try Number(integer)) }

    /// A floating-point number.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` for NaN, an infinity, and an integral value beyond ±(2^53 − 1).
    public init(_ double: Double) throws(ImageSpecError) { self = .number(try Number(double)) }

    /// Returns whether two values are equal. The order of keys does not matter; strings are compared by their bytes.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    /// Returns whether two values are the same byte for byte: in the order of keys, and in how numbers are written. flytekit's
    /// own hash depends on these.
    public func isIdentical(to other: Self) -> Bool {
        switch (self, other) {
        case (.number(let left), .number(let right)): left.isIdentical(to: right)
        case (.array(let left), .array(let right)): left.elementsEqual(right) { $0.isIdentical(to: $1) }
        case (.object(let left), .object(let right)): left.isIdentical(to: right)
        default: self == other
        }
    }

    /// Feeds the value to a hasher.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let number): hasher.combine(number)
        case .string(let text): hasher.combineBytes(of: text)
        case .array(let list): hasher.combine(list)
        case .object(let object): hasher.combine(object)
        }
    }

    /// The kind of value, as error messages name it.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension ImageSpec.JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A list.
    public init(arrayLiteral elements: ImageSpec.JSONValue...) { self = .array(elements) }
    /// An object with the literal's pairs, in its order; a key written twice traps.
    public init(dictionaryLiteral elements: (String, ImageSpec.JSONValue)...) {
        self = .object(ImageSpec.OrderedDictionary(literal: elements))
    }
}

extension ImageSpec.JSONValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// An integer. A literal beyond ±(2^53 − 1) traps.
    public init(integerLiteral value: Int) { self.init(literal: Result { try Number(value) }) }
    /// A floating-point number. A literal out of range traps.
    public init(floatLiteral value: Double) { self.init(literal: Result { try Number(value) }) }

    private init(literal: Result<Number, any Error>) {
        switch literal {
        case .success(let number): self = .number(number)
        case .failure(let error): preconditionFailure("\(error)")
        }
    }
}

extension ImageSpec.JSONValue {
    /// The value with another one at a path, whose missing objects are created.
    package func replacing(_ path: ArraySlice<String>, with value: Self) -> Self {
        guard let key = path.first else { return value }
        var object: ImageSpec.OrderedDictionary<Self> = [:]
        if case .object(let own) = self { object = own }
        object[key] = (object[key] ?? .null).replacing(path.dropFirst(), with: value)
        return .object(object)
    }
}
