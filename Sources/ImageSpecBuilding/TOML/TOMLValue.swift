// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A value of a TOML document.
package enum TOMLValue: Equatable, Sendable {
    case string(String)
    /// A number, a boolean or a date, as it is written.
    case other(String)
    case array([TOMLValue])
    case table([String: TOMLValue])

    package subscript(_ keys: String...) -> TOMLValue? {
        keys.reduce(self) { value, key in
            guard case .table(let table)? = value else { return nil }
            return table[key]
        }
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The members of a list of strings; `nil` for any other value.
    package var strings: [String]? {
        guard case .array(let values) = self else { return nil }
        let texts = values.compactMap(\.string)
        return texts.count == values.count ? texts : nil
    }

    package var table: [String: TOMLValue]? { if case .table(let table) = self { table } else { nil } }

    /// The members of a list; empty for any other value.
    var list: [TOMLValue] { if case .array(let values) = self { values } else { [] } }

    /// A boolean; `nil` for any other value.
    var bool: Bool? {
        switch self {
        case .other("true"): true
        case .other("false"): false
        default: nil
        }
    }
}

/// A syntax error in a TOML document, and its line.
package struct TOMLProblem: Error {
    package var line: Int
    package var what: String
}
