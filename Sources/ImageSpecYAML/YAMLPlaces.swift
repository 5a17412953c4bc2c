// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Yams

/// The lines and columns of values in YAML text. Reads the text again: only documents with problems need them.
struct YAMLPlaces {
    private let root: Node?

    /// The places in a text that was read before.
    init(_ text: String) { root = (try? YAMLSource.root(of: text)) ?? nil }

    /// The place of a value, or of the key before it; `nil` if there is no such value.
    func place(of path: DocumentPath, isKey: Bool) -> (line: Int, column: Int)? {
        guard let (key, node) = node(at: path) else { return nil }
        return (isKey ? key : node)?.mark.map { ($0.line, $0.column) }
    }

    /// The text of a scalar; `nil` if there is none.
    func string(at path: DocumentPath) -> String? { node(at: path)?.value.scalar?.string }

    private func node(at path: DocumentPath) -> (key: Node?, value: Node)? {
        guard var node = root else { return nil }
        var key: Node?
        for step in path.steps {
            switch (step, node) {
            case (.key(let name), .mapping(let mapping)):
                guard
                    let pair = mapping.first(where: {
                        $0.key.scalar?.string.utf8.elementsEqual(name.utf8) ?? false
                    })
                else { return nil }
                (key, node) = (pair.key, pair.value)
            case (.index(let index), .sequence(let sequence)) where sequence.indices.contains(index):
                node = sequence[index]
            default: return nil
            }
        }
        return (key, node)
    }
}

extension ImageSpec.SpecDocument {
    /// Reads YAML text.
    init(yaml text: String) throws(ImageSpecError) {
        let (value, problems) = try YAMLReader.read(text)
        self.init(value, problems: problems) {
            let places = YAMLPlaces(text)
            return { places.place(of: $0, isKey: $1) }
        }
    }

    /// Reads the bytes of a spec file.
    init(_ bytes: [UInt8], _ format: SpecText.Format) throws(ImageSpecError) {
        switch format {
        case .json:
            self.init(try ImageSpec.JSONValue(json: bytes)) {
                // JSON is nearly YAML.
                let places = YAMLPlaces(String(decoding: bytes, as: UTF8.self))
                return { places.place(of: $0, isKey: $1) }
            }
        case .yaml:
            guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(bytes) }
            try self.init(yaml: text)
        }
    }
}
