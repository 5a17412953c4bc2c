// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The path of a value in a document: the keys and indices that lead to it.
package struct DocumentPath: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    package private(set) var steps: [Step] = []

    package init() {}

    package func key(_ key: String) -> DocumentPath { appending(.key(key)) }
    package func index(_ index: Int) -> DocumentPath { appending(.index(index)) }

    private func appending(_ step: Step) -> DocumentPath {
        var copy = self
        copy.steps.append(step)
        return copy
    }
}

extension DocumentPath: CustomStringConvertible {
    /// `base_image.packages[0]`; empty for the document itself.
    package var description: String {
        steps.reduce("") { text, step in
            switch step {
            case .key(let key): text.isEmpty ? key : text + "." + key
            case .index(let index): "\(text)[\(index)]"
            }
        }
    }
}

extension ImageSpec {
    /// The document of a spec, with the places of its values in the text that it was read from.
    package struct SpecDocument {
        /// The line and column of a value, or of the key before it; `nil` if they are unknown.
        package typealias Places = (_ path: DocumentPath, _ isKey: Bool) -> (line: Int, column: Int)?

        let value: JSONValue
        /// Problems of the text itself, not of the spec in it.
        let problems: [ImageSpecError]
        /// Finds the places. Called only for documents with problems.
        let places: () -> Places

        package init(
            _ value: JSONValue, problems: [ImageSpecError] = [],
            places: @escaping () -> Places = { { _, _ in nil } }
        ) {
            self.value = value
            self.problems = problems
            self.places = places
        }
    }
}
