// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// Reads a spec from a file: JSON if its name ends in `.json`, YAML if it ends in `.yaml` or `.yml`.
    ///
    /// A `base_image` such as `./base.yaml` or `../images/base.yaml` is the spec of another file, relative to this one. Paths in that
    /// spec are relative to its own file.
    ///
    /// Paths in the spec are relative to a working directory, which is not part of the spec. To use the directory of
    /// this file, as the tool does, use `Context(specFile:)` with the same path.
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - within: directories outside the project where base specs may be; see `Context.within`.
    /// - Throws: `missingInput`, `unreadableInput`; `outsideProject` for a base; `invalidDocument` and `unknownField`, which name the file, also for
    ///   an unknown file extension. One error contains all unknown fields and wrong types, with their lines in YAML.
    public init(contentsOf path: String, within: [String] = []) throws(ImageSpecError) {
        self = try Self.read(contentsOf: path, within: within).get()
    }

    /// The spec in a file as far as it can be read, with the problems that ``init(contentsOf:within:)`` throws.
    /// - Throws: the problems of a file that cannot be read, or is not JSON or YAML.
    package static func read(
        contentsOf path: String, within: [String]
    ) throws(ImageSpecError) -> SpecFiles.Result {
        try SpecFiles(within: within, document: document(contentsOf:in:)).read(path)
    }

    static func document(
        contentsOf path: String, in boundary: Boundary?
    ) throws(ImageSpecError) -> SpecDocument {
        // First the file: a wrong name is likelier than a wrong extension.
        let bytes = try FileSystem.contents(ofSpecFile: path, in: boundary)
        do throws(ImageSpecError) {
            switch SpecText.Format(fileName: path) {
            case let format?: return try SpecDocument(bytes, format)
            case nil: throw .unknownFileNameExtension
            }
        } catch {
            throw error.inFile(path)
        }
    }

    /// Reads a spec from YAML text.
    ///
    /// Values that YAML 1.1 and 1.2 read differently, such as `no` or `0o17`, are errors: see `JSONValue(yaml:)`.
    /// - Throws: `invalidDocument`, `unknownField`, with line and column. One error contains all problems.
    public init(yaml text: String) throws(ImageSpecError) {
        try self.init(SpecDocument(yaml: text))
    }

    /// Reads a spec from bytes without a file name: JSON if the first byte after white space is `{`, otherwise YAML. The files of
    /// its bases are relative to a directory.
    ///
    /// A YAML document that begins with `{` is usually JSON as well, and the JSON reader is stricter.
    /// - Parameters:
    ///   - bytes: the text, in UTF-8.
    ///   - name: the name of the source in errors.
    ///   - folder: the directory for the files of its bases, which is also that of its other paths.
    ///   - within: directories outside the project where base specs may be.
    /// - Returns: the spec, and its problems: `invalidDocument`, `unknownField` and those of the files of bases.
    /// - Throws: `invalidDocument` for a text that cannot be read.
    package static func read(
        contents bytes: [UInt8], name: String, in folder: String = ".", within: [String] = []
    ) throws(ImageSpecError) -> SpecFiles.Result {
        let format = SpecText.Format(contents: bytes)
        let name = name + (format == .json ? " (JSON)" : " (YAML)")
        let document: SpecDocument
        do throws(ImageSpecError) {
            document = try SpecDocument(bytes, format)
        } catch {
            throw error.inFile(name)
        }
        return SpecFiles(within: within, document: Self.document(contentsOf:in:)).read(
            document, named: name, in: folder)
    }

    /// The file name extension of a path, in lower case.
    static func fileNameExtension(of path: String) -> String? {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last ?? Substring(path).utf8
        let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last else { return nil }
        return String(decoding: last, as: UTF8.self).lowercased()
    }
}
