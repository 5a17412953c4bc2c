// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Reads a spec from a document: an object with flytekit's field names.
    ///
    /// A field that is missing or null is nil; a `base_image` may be a string or another document.
    /// - Throws: ``ImageSpecError/Code/unknownField`` with the nearest name there is,
    ///   ``ImageSpecError/Code/invalidDocument`` for a value of the wrong type.
    public init(document: JSONValue) throws(ImageSpecError) {
        try self.init(document: document, path: "")
    }

    /// Reads a spec from JSON text.
    /// - Throws: ``ImageSpecError/Code/invalidDocument``, ``ImageSpecError/Code/unknownField``.
    public init(json text: String) throws(ImageSpecError) {
        try self.init(document: JSONValue(json: text))
    }

    /// Reads a spec from a JSON file.
    ///
    /// Paths in the spec are relative to a working directory, which is not part of it: for the folder of
    /// this file, as the tool does, use ``HashContext/init(specFile:)`` with the same path.
    /// - Throws: ``ImageSpecError/Code/missingInput``, ``ImageSpecError/Code/unreadableInput``, and the errors of ``init(json:)``,
    ///   which name the file.
    public init(jsonContentsOf path: String) throws(ImageSpecError) {
        let bytes = try FileSystem.contents(ofSpecFile: path)
        do throws(ImageSpecError) {
            try self.init(document: JSONValue(json: bytes))
        } catch {
            throw error.inFile(path)
        }
    }

    init(document: JSONValue, path: String) throws(ImageSpecError) {
        guard case .object(let object) = document else {
            throw .wrongType(path.isEmpty ? "the document" : String(path.dropLast()), document, expected: "an object")
        }
        self.init()
        for (name, value) in object {
            guard let field = Field.all.first(where: { $0.name.hasSameBytes(as: name) }) else {
                throw .unknownField(path + name, nearest: Self.nearestFieldName(to: name))
            }
            try set(field, to: value, path: path + field.name)
        }
    }

    /// The spec as a document: the fields that are not nil, with flytekit's names, in its order.
    ///
    /// Reading it gives an equal spec, but for ``isForcePush``, which no document holds.
    public var document: JSONValue {
        var object = OrderedDictionary<JSONValue>()
        for field in Field.all {
            if let value = value(of: field) { object.appendNew(field.name, value) }
        }
        return .object(object)
    }

    /// The field name with the fewest edits to `name`, if these are few enough to be a slip of the pen.
    static func nearestFieldName(to name: String) -> String? {
        nearestName(to: name, among: Field.all.map(\.name))
    }

    /// The one of some names with the fewest edits to `name`, if these are few enough to be a slip of the pen.
    package static func nearestName(to name: String, among names: [String]) -> String? {
        // camelCase, hyphens and plurals are the commonest slips; they cost little or nothing.
        let folded = name.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }.map { $0 | 0x20 }
        guard folded.count <= 40 else { return nil }
        let candidates = names.map { name in
            let target = name.utf8.filter { $0 != UInt8(ascii: "_") }
            return (name: name, distance: editDistance(folded, target))
        }
        let best = candidates.min { $0.distance < $1.distance }
        guard let best, best.distance <= max(1, folded.count / 3) else { return nil }
        return best.name
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous: [Int] = []
        var row = Array(0...right.count)
        for i in left.indices {
            var next = [i + 1]
            for j in right.indices {
                var best = min(row[j] + (left[i] == right[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { best = min(best, previous[j - 1] + 1) }
                next.append(best)
            }
            previous = row
            row = next
        }
        return row[right.count]
    }
}

// Codable, for specs inside a client's own documents. Foundation's decoders keep neither the order of keys
// nor 1.0 apart from 1, which matters to flytekit's own hash alone; init(json:) keeps both.
extension ImageSpec: Codable {
    /// Reads a spec with flytekit's field names; an unknown one is an error.
    public init(from decoder: any Decoder) throws {
        try self.init(document: JSONValue(from: decoder))
    }

    /// Writes the fields that are not nil, with flytekit's names.
    public func encode(to encoder: any Encoder) throws {
        try document.encode(to: encoder)
    }
}
