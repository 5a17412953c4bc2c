// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The text of a pip requirements file.
///
/// Source: pip, "Requirements File Format"; identity version 1, section 7.
package struct PipRequirements {
    package struct Line {
        package var text: [UInt8]
        /// Its first line in the file, from 1.
        package var number: Int

        package init(text: [UInt8], number: Int) {
            self.text = text
            self.number = number
        }
    }

    package let bytes: [UInt8]
    package let path: String

    package init(_ bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
    }

    /// The lines as pip reads them: joined behind a backslash, without comments, surrounding white space and empty lines.
    package func logicalLines() throws(ImageSpecError) -> [Line] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .invalidRequirements(path, line: nil, "not valid UTF-8", fix: "save the file as UTF-8")
        }
        var logical: [Line] = []
        // Whether the last line is continued. It grows in place: a copy for each line would take quadratic time.
        var isContinued = false
        for (index, line) in physicalLines().enumerated() {
            if line.first(where: { !$0.isASCIIWhiteSpace }) == UInt8(ascii: "#") {
                // A comment neither continues a line nor is continued.
                isContinued = false
                continue
            }
            if !isContinued { logical.append(Line(text: [], number: index + 1)) }
            isContinued = line.last == UInt8(ascii: "\\")
            logical[logical.count - 1].text += isContinued ? line.dropLast() : line
        }
        return logical.compactMap { line in
            let text = Self.withoutComment(line.text).withoutSurroundingWhiteSpace
            return text.isEmpty ? nil : Line(text: Array(text), number: line.number)
        }
    }

    /// The lines of the file, which end at LF, CR LF or CR.
    private func physicalLines() -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                lines.append(bytes[start..<index])
                if byte == UInt8(ascii: "\r"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\n")
                {
                    index += 1
                }
                start = index + 1
            }
            index += 1
        }
        if start < bytes.count { lines.append(bytes[start...]) }
        return lines
    }

    private static func withoutComment(_ line: [UInt8]) -> ArraySlice<UInt8> {
        for index in line.indices where line[index] == UInt8(ascii: "#") {
            if index == 0 || line[index - 1].isASCIIWhiteSpace { return line[..<index] }
        }
        return line[...]
    }

    /// The file that a logical line includes; `nil` if it includes none, or a URL (`http:`, `https:`, `file:`).
    package func included(by line: Line) throws(ImageSpecError) -> String? {
        guard var rest = Self.argumentOfInclude(line.text) else { return nil }
        func problem(_ reason: String, fix: ImageSpecError.Fix) -> ImageSpecError {
            .invalidRequirements(path, line: line.number, reason, fix: fix)
        }
        let name: ArraySlice<UInt8>
        if let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: quote) else {
                throw problem("unclosed quote in the name of an included file", fix: "close it")
            }
            name = rest[..<end]
        } else {
            name = rest.prefix { !$0.isASCIIWhiteSpace }
        }
        guard !name.isEmpty else {
            throw problem("include without a file name", fix: "add one, or remove the line")
        }
        guard name.first != UInt8(ascii: "/") else {
            throw problem(
                "absolute path of an included file, which would make the image name depend on this machine",
                fix: "use a relative path"
            )
        }
        let text = String(decoding: name, as: UTF8.self)
        let start = text.utf8.prefix(6).map { $0 | 0x20 }
        if ["http:", "https:", "file:"].contains(where: { start.starts(with: $0.utf8.map { $0 | 0x20 }) }) {
            return nil
        }
        return text
    }

    /// The text behind `-r`, `-c`, `--requirement` or `--constraint`, from the first character of the name.
    private static func argumentOfInclude(_ line: [UInt8]) -> ArraySlice<UInt8>? {
        let equals = UInt8(ascii: "=")
        for option in ["--requirement", "--constraint"] where line.starts(with: option.utf8) {
            let rest = line.dropFirst(option.utf8.count)
            guard let next = rest.first else { return rest }
            if next == equals { return rest.dropFirst() }
            return next.isASCIIWhiteSpace ? rest.drop(while: \.isASCIIWhiteSpace) : nil
        }
        for option in ["-r", "-c"] where line.starts(with: option.utf8) {
            let rest = line.dropFirst(option.utf8.count)
            return rest.first == equals ? rest.dropFirst() : rest.drop(while: \.isASCIIWhiteSpace)
        }
        return nil
    }
}
