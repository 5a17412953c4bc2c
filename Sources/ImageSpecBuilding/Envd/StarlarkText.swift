// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// How values are written in Starlark, the language of envd's files.

extension String {
    /// A literal that is this text, in Starlark and in Python alike.
    ///
    /// Source: Starlark specification, "String literals".
    var starlarkLiteral: String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case _ where byte.isASCIIControl: bytes += ("\\x" + Hexadecimal.text([byte])).utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self) + "\""
    }
}

extension [String] {
    /// A list of literals.
    var starlarkLiteral: String { "[" + map(\.starlarkLiteral).joined(separator: ", ") + "]" }
}

/// A call of one of envd's functions, with named arguments.
struct StarlarkCall {
    let function: String
    /// Names and literals.
    let arguments: [(name: String, literal: String)]

    init(_ function: String, _ arguments: (String, String)...) { self.init(function, arguments) }

    init(_ function: String, _ arguments: [(String, String)]) {
        self.function = function
        self.arguments = arguments.map { ($0, $1) }
    }

    var text: String {
        function + "(" + arguments.map { $0.name + "=" + $0.literal }.joined(separator: ", ") + ")"
    }
}
