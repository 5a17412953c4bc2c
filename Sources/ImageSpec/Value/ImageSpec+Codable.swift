// SPDX-License-Identifier: Apache-2.0

// For specs in a client's own documents. Foundation's decoders lose the order of keys and read 1.0 as 1, which affects only
// flytekit's own hash; init(json:) keeps both.
extension ImageSpec: Codable {
    /// Reads a spec, an object with flytekit's field names.
    ///
    /// The names are those of spec files (`python_version`) with every key strategy of the decoder.
    /// - Throws: `DecodingError` with the path of the first problem in the document. Its underlying error is an
    ///   ``ImageSpecError`` with all problems.
    public init(from decoder: any Decoder) throws {
        let document = try JSONValue(from: decoder)
        let (spec, problems) = SpecReader.read(SpecDocument(document))
        if let error = ImageSpecError(problems: problems.map(\.error)) {
            throw error.decodingError(at: decoder.codingPath + (problems.first?.path.codingPath ?? []))
        }
        self = spec
    }

    /// Writes the fields that are not nil, with flytekit's names.
    public func encode(to encoder: any Encoder) throws {
        try document.encode(to: encoder)
    }
}

extension DocumentPath {
    /// The path as decoders report it.
    fileprivate var codingPath: [any CodingKey] {
        steps.map { step in
            switch step {
            case .key(let key): ImageSpec.AnyKey(stringValue: key)
            case .index(let index): ImageSpec.AnyKey(intValue: index)
            }
        }
    }
}
