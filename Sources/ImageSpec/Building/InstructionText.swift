// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// How a value is written so that it means itself: in a shell, in a variable, in a path, in JSON. Nothing that a
// spec says can end its instruction, or begin another one.

extension String {
    /// One word of a POSIX shell. Quoted only where it must be, so that a Dockerfile reads well.
    var shellQuoted: String {
        let isPlain = utf8.allSatisfy { $0.isASCIILetterOrDigit || "@%_+=:,./-".utf8.contains($0) }
        if isPlain && !isEmpty { return self }
        return "'" + withinSingleQuotes + "'"
    }

    /// What means this text between the single quotes of a shell.
    var withinSingleQuotes: String {
        // By bytes: a quote with a combining mark behind it is one character to Swift, and a quote to the shell.
        let parts = utf8.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false)
        return parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: #"'\''"#)
    }

    /// A value of `ENV` or `LABEL`: in double quotes, without a meaning of `\`, `"` and `$`. Holds no line break.
    var instructionQuoted: String { "\"" + escaped(#"\"$"#) + "\"" }

    /// The destination of a `COPY`. It undergoes the expansion of variables and quotes, so all their characters are
    /// escaped. (Sources are names of our own and need nothing.)
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
    /// The JSON form of an instruction's arguments. What is not ASCII stays as it is.
    var jsonForm: String {
        let words = map { word in CanonicalWriter.text { $0.string(word) } }
        return "[" + words.joined(separator: ", ") + "]"
    }
}

/// A shell command of the user.
enum ShellCommand {
    /// The arguments of `RUN` that hand a command to the shell as exactly these bytes.
    ///
    /// As text where that is the same in every Dockerfile parser; else in JSON form, for `/bin/sh`.
    static func arguments(_ command: String) -> String {
        isPlain(command) ? command : ["/bin/sh", "-c", command].jsonForm
    }

    /// Whether no parser trims, joins, expands or interprets anything of the command.
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

/// `pip_extra_args`: one text that stands for several arguments.
enum ArgumentText {
    /// The words of a text: split at white space, where `'…'` and `"…"` hold words together. There are no escapes, no
    /// variables, no patterns. nil if a quote is not closed.
    package static func words(_ text: String) -> [String]? {
        var words: [String] = []
        var word: [UInt8]?
        var quote: UInt8?
        for byte in text.utf8 {
            if let open = quote {
                if byte == open { quote = nil } else { word?.append(byte) }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
                word = word ?? []
            } else if PipRequirements.isWhiteSpace(byte) {
                if let finished = word { words.append(String(decoding: finished, as: UTF8.self)) }
                word = nil
            } else {
                word = (word ?? []) + [byte]
            }
        }
        if let finished = word { words.append(String(decoding: finished, as: UTF8.self)) }
        return quote == nil ? words : nil
    }
}
