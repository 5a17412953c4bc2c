// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// Writes JSON for people to read: one value per line, two spaces per level, keys in their order.
package enum IndentedJSON {
    /// The text, which ends in a line feed.
    package static func bytes(of value: ImageSpec.JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, indentation: 0, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private static func append(_ value: ImageSpec.JSONValue, indentation: Int, to bytes: inout [UInt8]) {
        func line(_ isFirst: Bool) {
            bytes += (isFirst ? "\n" : ",\n").utf8
            bytes += repeatElement(UInt8(ascii: " "), count: indentation + 2)
        }
        func end(_ bracket: String) {
            bytes.append(UInt8(ascii: "\n"))
            bytes += repeatElement(UInt8(ascii: " "), count: indentation)
            bytes += bracket.utf8
        }
        switch value {
        case .array(let list) where !list.isEmpty:
            bytes.append(UInt8(ascii: "["))
            for (index, element) in list.enumerated() {
                line(index == 0)
                append(element, indentation: indentation + 2, to: &bytes)
            }
            end("]")
        case .object(let object) where !object.isEmpty:
            bytes.append(UInt8(ascii: "{"))
            for (index, (key, value)) in object.enumerated() {
                line(index == 0)
                bytes += ImageSpec.JSONValue.string(key).canonicalForm
                bytes += ": ".utf8
                append(value, indentation: indentation + 2, to: &bytes)
            }
            end("}")
        case .number(let number) where !number.isInteger && number.value.rounded() == number.value:
            // An integral number below 2^53 has no exponent; its spelling is kept.
            bytes += (number.value.sign == .minus ? "-" : "").utf8
            bytes += (number.value.magnitude.ecmaScriptText + ".0").utf8
        default: bytes += value.canonicalForm
        }
    }
}
