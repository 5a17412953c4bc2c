// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// Reads a spec from a document: an object with flytekit's field names.
    ///
    /// Missing and null fields are `nil`; a `base_image` may be a string or another document.
    /// - Throws: ``ImageSpecError/Code/unknownField`` with the nearest known name,
    ///   ``ImageSpecError/Code/invalidDocument`` for a value of the wrong type. One error contains all problems, including those of
    ///   bases: the code of the first one, and one message per line.
    public init(document: JSONValue) throws(ImageSpecError) {
        try self.init(SpecDocument(document))
    }

    /// Reads a spec from a document. Problems name their places in the text.
    package init(_ document: SpecDocument) throws(ImageSpecError) {
        let (spec, problems) = SpecReader.read(document)
        if let error = ImageSpecError(problems: problems.map(\.error)) { throw error }
        self = spec
    }

    /// Reads a spec from JSON text.
    /// - Throws: ``ImageSpecError/Code/invalidDocument``, ``ImageSpecError/Code/unknownField``.
    public init(json text: String) throws(ImageSpecError) {
        try self.init(document: JSONValue(json: text))
    }

    /// Reads a spec from a JSON file.
    ///
    /// A `base_image` such as `./base.json` or `../images/base.json` is the spec of another JSON file, relative to this one. Paths in
    /// that spec are relative to its own file.
    ///
    /// Paths in the spec are relative to a working directory, which is not part of the spec. To use the directory of this
    /// file, as the tool does, use ``Context/init(specFile:within:)`` with the same path.
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - within: directories outside the project where base specs may be; see ``Context/within``.
    /// - Throws: ``ImageSpecError/Code/missingInput``, ``ImageSpecError/Code/unreadableInput``,
    ///   ``ImageSpecError/Code/outsideProject`` for a base, and the errors of ``init(json:)``, which name the file.
    public init(jsonContentsOf path: String, within: [String] = []) throws(ImageSpecError) {
        self = try SpecFiles(within: within) { (path, boundary) throws(ImageSpecError) in
            let bytes = try FileSystem.contents(ofSpecFile: path, in: boundary)
            do throws(ImageSpecError) {
                return SpecDocument(try JSONValue(json: bytes))
            } catch {
                throw error.inFile(path)
            }
        }.read(path).get()
    }

    /// The spec as a document: the fields that are not nil, with flytekit's names, in its order.
    ///
    /// Reading it results in an equal spec, except for ``isForcePush``, which is not part of documents.
    public var document: JSONValue {
        // From the lowest base up: recursion through a chain of 500 specs could overflow the stack of a thread.
        let bases = specBases
        guard let lowest = bases.last else { return ownDocument(base: nil) }
        var document = lowest.ownDocument(base: nil)
        for base in bases.dropLast().reversed() { document = base.ownDocument(base: document) }
        return ownDocument(base: document)
    }

    /// The document of this spec, with that of its base spec.
    private func ownDocument(base: JSONValue?) -> JSONValue {
        var object = OrderedDictionary<JSONValue>()
        for field in Field.all {
            if case .baseImage = field.storage, let base {
                object.appendNew(field.name, base)
            } else if let value = value(of: field) {
                object.appendNew(field.name, value)
            }
        }
        return .object(object)
    }
}
