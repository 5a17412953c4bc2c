// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// Escapes values for the instructions of a Dockerfile: no value of a spec can end its instruction or begin another one.

extension String {
    /// A value of `ENV` or `LABEL`, in double quotes. The text must not contain line breaks.
    var instructionQuoted: String { "\"" + escaped(#"\"$"#) + "\"" }

    /// The destination of a `COPY`, in which variables and quotes are expanded. (The names of sources are generated, and
    /// need no escapes.)
    var copyDestination: String { escaped(#"\"'$"#) }

    private func escaped(_ special: String) -> String {
        var bytes: [UInt8] = []
        for byte in utf8 {
            if special.utf8.contains(byte) { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [String] {
    /// The JSON form of an instruction's arguments. Characters outside ASCII are not escaped.
    var jsonForm: String {
        let words = map { word in CanonicalWriter.text { $0.string(word) } }
        return "[" + words.joined(separator: ", ") + "]"
    }
}

/// A shell command of a spec.
enum ShellCommand {
    /// The arguments of `RUN` that pass exactly these bytes to the shell: as text if every Dockerfile parser leaves it
    /// unchanged, otherwise in JSON form for `/bin/sh`.
    static func arguments(_ command: String) -> String {
        isPlain(command) ? command : ["/bin/sh", "-c", command].jsonForm
    }

    /// Whether no parser trims, joins, expands or interprets any part of the command.
    private static func isPlain(_ command: String) -> Bool {
        let text = command.utf8
        guard let first = text.first, let last = text.last else { return false }
        func isVisibleASCII(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
        return isVisibleASCII(first) && isVisibleASCII(last)
            && first != UInt8(ascii: "[") && first != UInt8(ascii: "#") && first != UInt8(ascii: "-")
            && last != UInt8(ascii: "\\")
            && !text.contains { $0.isASCIIControl && $0 != UInt8(ascii: "\t") }
            && !zip(text, text.dropFirst()).contains { $0 == UInt8(ascii: "<") && $1 == UInt8(ascii: "<") }
    }
}
