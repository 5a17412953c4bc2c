// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// Reads the fields of a spec from a document, and collects all problems.
    ///
    /// A field with a problem stays `nil`. Paths are created only for problems, which most documents do not have.
    struct SpecReader {
        /// A problem, and the value or the key that has it.
        struct Problem {
            var error: ImageSpecError
            var path = DocumentPath()
            var isKey = false
        }

        private var problems: [Problem] = []
        /// Why the document is no spec at all.
        private var otherDocument: ImageSpecError?

        /// The spec, and its problems in the order of the document.
        static func read(_ document: SpecDocument) -> (spec: ImageSpec, problems: [Problem]) {
            var reader = SpecReader()
            let spec = reader.spec(document.value, DocumentPath())
            // Most fields of a snapshot are unknown in a spec; one message is enough.
            if let error = reader.otherDocument { return (ImageSpec(), [Problem(error: error)]) }
            let problems = document.problems.map { Problem(error: $0) }
            if reader.problems.isEmpty { return (spec, problems) }
            let places = document.places()
            let located = reader.problems.map { problem in
                var problem = problem
                if let place = places(problem.path, problem.isKey) {
                    problem.error = problem.error.at(line: place.line, column: place.column)
                }
                return problem
            }
            return (spec, problems + located)
        }

        private mutating func spec(_ document: JSONValue, _ path: DocumentPath) -> ImageSpec {
            var spec = ImageSpec()
            guard case .object(let object) = document else {
                addWrongType(document, path, expected: .object)
                return spec
            }
            for (name, value) in object {
                if let field = Field.all.first(where: { $0.name.hasSameBytes(as: name) }) {
                    set(field, of: &spec, to: value, path)
                    continue
                }
                if path.steps.isEmpty, name == "format", case .string(let format) = value {
                    if format.hasPrefix(ImageSpec.snapshotFormatPrefix) { otherDocument = .snapshotAsSpec }
                    if format.hasPrefix(ImageSpec.namesFormatPrefix) { otherDocument = .namesAsSpec }
                }
                let path = path.key(name)
                add(
                    .unknownField(
                        path, nearest: Suggestion.nearest(to: name, among: Field.all.map(\.name))),
                    path, isKey: true)
            }
            return spec
        }

        private mutating func set(
            _ field: Field, of spec: inout ImageSpec, to value: JSONValue, _ parent: DocumentPath
        ) {
            if case .null = value { return }
            switch field.storage {
            case .text(let property):
                guard case .string(let text) = value else {
                    return addWrongType(value, parent.key(field.name), expected: .string)
                }
                spec[keyPath: property] = text
            case .list(let property), .set(let property):
                guard case .array(let values) = value else {
                    return addWrongType(value, parent.key(field.name), expected: .listOfStrings)
                }
                spec[keyPath: property] = texts(values) { parent.key(field.name).index($0) }
            case .environment(let property):
                guard case .object(let object) = value else {
                    return addWrongType(value, parent.key(field.name), expected: .objectOfStrings)
                }
                spec[keyPath: property] = variables(object, parent, field)
            case .options(let property):
                guard case .object(let object) = value else {
                    return addWrongType(value, parent.key(field.name), expected: .object)
                }
                spec[keyPath: property] = object
            case .secretMounts(let property):
                guard case .array(let values) = value else {
                    return addWrongType(value, parent.key(field.name), expected: .listOfPairs)
                }
                spec[keyPath: property] = mounts(values, parent.key(field.name))
            case .copyMode(let property):
                guard case .string(let text) = value else {
                    return addWrongType(value, parent.key(field.name), expected: .string)
                }
                guard let mode = SourceCopyMode(rawValue: text) else {
                    let path = parent.key(field.name)
                    return add(.unknownCopyMode(path, text), path)
                }
                spec[keyPath: property] = mode
            case .baseImage(let property):
                switch value {
                case .string(let reference): spec[keyPath: property] = .reference(reference)
                case .object: spec[keyPath: property] = .spec(self.spec(value, parent.key(field.name)))
                default:
                    addWrongType(
                        value, parent.key(field.name), expected: .stringOrObject)
                }
            }
        }

        /// nil if one has a problem: without it, the others would have other indices.
        private mutating func texts(_ values: [JSONValue], _ path: (Int) -> DocumentPath) -> [String]? {
            var texts: [String] = []
            for (index, value) in values.enumerated() {
                if case .string(let text) = value {
                    texts.append(text)
                } else {
                    addWrongType(value, path(index), expected: .string)
                }
            }
            return texts.count == values.count ? texts : nil
        }

        private mutating func variables(
            _ object: OrderedDictionary<JSONValue>, _ parent: DocumentPath, _ field: Field
        ) -> OrderedDictionary<String>? {
            var variables = OrderedDictionary<String>()
            for (key, value) in object {
                if case .string(let text) = value {
                    variables.appendNew(key, text)
                } else {
                    addWrongType(value, parent.key(field.name).key(key), expected: .string)
                }
            }
            return variables.count == object.count ? variables : nil
        }

        private mutating func mounts(_ values: [JSONValue], _ path: DocumentPath) -> [SecretMount]? {
            var mounts: [SecretMount] = []
            for (index, value) in values.enumerated() {
                let path = path.index(index)
                guard case .array(let pair) = value, pair.count == 2 else {
                    addWrongType(value, path, expected: .pair)
                    continue
                }
                if let texts = texts(pair, { path.index($0) }) {
                    mounts.append(SecretMount(source: texts[0], target: texts[1]))
                }
            }
            return mounts.count == values.count ? mounts : nil
        }

        // MARK: problems

        private mutating func addWrongType(_ value: JSONValue, _ path: DocumentPath, expected: ExpectedType) {
            add(.wrongType(path, value, expected: expected), path)
        }

        private mutating func add(_ error: ImageSpecError, _ path: DocumentPath, isKey: Bool = false) {
            problems.append(Problem(error: error, path: path, isKey: isKey))
        }
    }
}

extension ImageSpec {
    /// The prefix of every snapshot format. Tells a snapshot from a spec.
    package static let snapshotFormatPrefix = "imagespec.snapshot."
    /// The start of the format of recorded names.
    package static let namesFormatPrefix = "imagespec.names."
}
