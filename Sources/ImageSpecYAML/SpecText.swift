// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// The text of a spec file, in which values can be replaced. Everything around them stays, byte for byte: comments, order,
/// quotes and indentation.
package struct SpecText: Sendable {
    package enum Format: Sendable {
        case json, yaml
    }

    package let bytes: [UInt8]
    private let format: Format
    private let name: String
    /// The directory of base specs that are files.
    private let folder: String

    private init(_ bytes: [UInt8], _ format: Format, name: String, folder: String) {
        self.bytes = bytes
        self.format = format
        self.name = name
        self.folder = folder
    }

    /// Reads a file, as `ImageSpec(contentsOf:)` does.
    package init(contentsOf path: String) throws(ImageSpecError) {
        let bytes = try FileSystem.contents(ofSpecFile: path)
        guard let format = Format(fileName: path) else {
            throw ImageSpecError.unknownFileNameExtension.inFile(path)
        }
        self.init(bytes, format, name: path, folder: ImageSpec.Context(specFile: path).workingDirectory)
    }

    /// A text without a file name, as for `ImageSpec(contents:name:)`.
    package init(contents bytes: [UInt8], name: String) {
        let format = Format(contents: bytes)
        self.init(
            bytes, format, name: name + (format == .json ? " (JSON)" : " (YAML)"), folder: ".")
    }

    /// Reads the spec, with bases in other files, also in the directories `within` outside the project. Errors name the text.
    package func spec(within: [String] = []) throws(ImageSpecError) -> ImageSpec {
        let document: ImageSpec.SpecDocument
        do throws(ImageSpecError) {
            document = try ImageSpec.SpecDocument(bytes, format)
        } catch {
            throw error.inFile(name)
        }
        return try ImageSpec.SpecFiles(within: within, document: ImageSpec.document(contentsOf:in:)).read(
            document, named: name, in: folder
        ).get()
    }

    /// The file of a base spec on the way of keys; `nil` if they stay in this text.
    package func otherFile(_ path: [String]) throws(ImageSpecError) -> String? {
        var value = try document()
        for key in path {
            if case .string(let file) = value { return file }
            guard case .object(let object) = value, let next = object[key] else { return nil }
            value = next
        }
        return nil
    }

    /// The text with other values.
    ///
    /// Missing keys are added, with the objects around them. The new text is read again and must be the old document with
    /// these values. A value is given by the keys that lead to it and its new text, which must need no escapes in either format.
    /// - Throws: `unsupportedField`, with the line, for a value that cannot be replaced without changing another one.
    package func replacing(_ values: [(path: [String], text: String)]) throws(ImageSpecError) -> SpecText {
        do throws(ImageSpecError) {
            if let result = try editing(values) { return result }
            for value in values where try editing([value]) == nil {
                throw .cannotReplace(value.path, line: try edit(value.path, value.text).line(in: bytes))
            }
            throw .cannotReplace(values.first?.path ?? [], line: 1)
        } catch {
            throw error.inFile(name)
        }
    }

    /// `nil` if the new text is not the expected document.
    private func editing(_ values: [(path: [String], text: String)]) throws(ImageSpecError) -> SpecText? {
        var result = self
        var expected = try document()
        for (path, text) in values {
            expected = expected.replacing(path[...], with: .string(text))
            result = SpecText(
                try result.edit(path, text).applied(to: result.bytes), format, name: name, folder: folder)
        }
        // In canonical form, which ignores the order of keys and the spelling of numbers: no edit touches them.
        let document = try? result.document()
        return document?.canonicalForm == expected.canonicalForm ? result : nil
    }

    private func document() throws(ImageSpecError) -> ImageSpec.JSONValue {
        switch format {
        case .json: try ImageSpec.JSONValue(json: bytes)
        case .yaml: try ImageSpec.JSONValue(yaml: bytes)
        }
    }

    private func edit(_ path: [String], _ text: String) throws(ImageSpecError) -> TextEdit {
        switch format {
        case .json: try JSONEditor(bytes, path: path).edit(text)
        case .yaml: try YAMLEditor(bytes, path: path).edit(text)
        }
    }
}

extension SpecText.Format {
    /// The format for a file name extension.
    init?(fileName path: String) {
        switch ImageSpec.fileNameExtension(of: path) {
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        default: return nil
        }
    }

    /// JSON if the first byte after white space is `{`.
    init(contents bytes: [UInt8]) {
        let first = bytes.first { !$0.isJSONWhiteSpace }
        self = first == UInt8(ascii: "{") ? .json : .yaml
    }
}

/// A replacement of bytes.
struct TextEdit {
    var range: Range<Int>
    var bytes: [UInt8]

    init(_ range: Range<Int>, _ text: String) {
        self.range = range
        bytes = Array(text.utf8)
    }

    init(at position: Int, _ text: String) { self.init(position..<position, text) }

    func applied(to text: [UInt8]) -> [UInt8] {
        Array(text[..<range.lowerBound]) + bytes + Array(text[range.upperBound...])
    }

    func line(in text: [UInt8]) -> Int { text[..<range.lowerBound].count { $0 == UInt8(ascii: "\n") } + 1 }
}

extension ImageSpecError {
    /// A value that cannot be replaced without changing another one.
    static func cannotReplace(_ path: [String], line: Int) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, at: [Location(line: line)], field: path.joined(separator: "."),
            "cannot be edited in place (anchor or unsupported syntax)",
            fix: "write the value on a line of its own")
    }
}
