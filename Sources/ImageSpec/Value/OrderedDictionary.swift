// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// A dictionary with string keys that keeps their order and compares keys by their bytes.
    ///
    /// Order does not affect `id` or `tag`, but it affects flytekit's own hash and written documents. Swift's `Dictionary`
    /// is unordered and treats composed and decomposed spellings of a word as one key; in an image these are two
    /// environment variables.
    ///
    /// Two dictionaries are equal if they contain the same pairs, in any order; ``isIdentical(to:)`` compares the order, too.
    /// Look-ups are linear; the type is intended for tens of entries.
    public struct OrderedDictionary<Value: Hashable & Sendable>: Hashable, Sendable {
        /// A key and its value.
        public typealias Element = (key: String, value: Value)

        /// Without labels, like the pairs of a literal.
        @usableFromInline var pairs: [(String, Value)] = []

        /// Creates an empty dictionary.
        public init() {}

        /// Creates a dictionary with the pairs of a Swift dictionary, ordered by the bytes of their keys.
        public init(_ dictionary: [String: Value]) {
            pairs = dictionary.sorted { $0.key.precedesInUTF8($1.key) }.map { ($0.key, $0.value) }
        }

        /// The value of a key, or `nil`. Setting an existing key keeps its position; a new key is appended; setting `nil`
        /// removes it.
        public subscript(key: String) -> Value? {
            get { pairs.first { $0.0.hasSameBytes(as: key) }?.1 }
            set {
                let index = pairs.firstIndex { $0.0.hasSameBytes(as: key) }
                switch (index, newValue) {
                case (let index?, let value?): pairs[index].1 = value
                case (let index?, nil): pairs.remove(at: index)
                case (nil, let value?): pairs.append((key, value))
                case (nil, nil): break
                }
            }
        }

        /// Returns a dictionary updated with the pairs of `other`: existing keys keep their position and get the new value,
        /// new keys are appended in order. Equivalent to Python's `dict.update`.
        public func merging(_ other: OrderedDictionary) -> OrderedDictionary {
            var result = self
            for (key, value) in other { result[key] = value }
            return result
        }

        /// The keys, in order.
        public var keys: [String] { pairs.map(\.0) }

        /// The values, in the order of their keys.
        public var values: [Value] { pairs.map(\.1) }

        /// Appends a pair whose key the caller knows to be new.
        package mutating func appendNew(_ key: String, _ value: Value) {
            pairs.append((key, value))
        }
    }
}

extension ImageSpec.OrderedDictionary: RandomAccessCollection {
    /// The position of the first pair.
    public var startIndex: Int { pairs.startIndex }
    /// The position after the last pair.
    public var endIndex: Int { pairs.endIndex }
    /// The pair at a position.
    public subscript(position: Int) -> Element { (pairs[position].0, pairs[position].1) }
}

extension ImageSpec.OrderedDictionary: ExpressibleByDictionaryLiteral {
    /// The pairs of a literal, in its order. Duplicate keys trap.
    ///
    /// Inlinable, because a generic function that another module calls without seeing its body takes ten times as long.
    @inlinable
    public init(dictionaryLiteral elements: (String, Value)...) { self.init(literal: elements) }

    @inlinable
    init(literal elements: [(String, Value)]) {
        requireDistinctKeys(elements.map(\.0))
        pairs = elements
    }
}

@usableFromInline
func requireDistinctKeys(_ keys: [String]) {
    for (index, key) in keys.enumerated() {
        precondition(
            !keys[..<index].contains { $0.hasSameBytes(as: key) },
            "duplicate key \"\(key)\" in a dictionary literal")
    }
}

extension ImageSpec.OrderedDictionary {
    /// Returns whether both contain the same pairs, in any order. Strings are compared by their bytes.
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count
            && left.allSatisfy { key, value in right[key].map { Self.areEqual(value, $0) } ?? false }
    }

    /// Feeds the pairs to a hasher, without their order.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in self {
            var pair = Hasher()
            pair.combineBytes(of: key)
            if let text = value as? String { pair.combineBytes(of: text) } else { pair.combine(value) }
            sum &+= pair.finalize()
        }
        hasher.combine(count)
        hasher.combine(sum)
    }

    /// Swift's `==` treats composed and decomposed strings as equal.
    private static func areEqual(_ left: Value, _ right: Value) -> Bool {
        if let left = left as? String, let right = right as? String { return left.hasSameBytes(as: right) }
        return left == right
    }
}

extension ImageSpec.OrderedDictionary where Value == String {
    /// Returns whether both contain the same pairs in the same order.
    public func isIdentical(to other: Self) -> Bool {
        elementsEqual(other) { $0.key.hasSameBytes(as: $1.key) && $0.value.hasSameBytes(as: $1.value) }
    }
}

extension ImageSpec.OrderedDictionary where Value == ImageSpec.JSONValue {
    /// Returns whether both contain the same pairs in the same order; see ``ImageSpec/JSONValue/isIdentical(to:)``.
    public func isIdentical(to other: Self) -> Bool {
        elementsEqual(other) { $0.key.hasSameBytes(as: $1.key) && $0.value.isIdentical(to: $1.value) }
    }
}
