// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Reads documents whose `base_image` may name another spec file of their folder: `./base.yaml`.
    ///
    /// No image reference begins with a full stop, so that nothing is ambiguous. Paths of a base spec count from the same
    /// folder as those of the spec that it is the base of; in another folder one file would have two meanings.
    package struct SpecFiles {
        /// Reads one file.
        private let document: (_ path: String) throws(ImageSpecError) -> JSONValue

        /// Files that are read by a function, whose errors name the file.
        package init(document: @escaping (_ path: String) throws(ImageSpecError) -> JSONValue) {
            self.document = document
        }

        /// The spec of a file, with those of its bases.
        package func spec(_ path: String) throws(ImageSpecError) -> ImageSpec {
            let read = try document(path)
            return try spec(read, from: path, in: Path.folder(of: path), below: [Path.lastComponent(path)])
        }

        /// The spec of a document that is in no file; its bases lie in a folder.
        package func spec(
            _ document: JSONValue, named name: String, in folder: String
        ) throws(ImageSpecError) -> ImageSpec {
            try spec(document, from: name, in: folder, below: [])
        }

        private func spec(
            _ document: JSONValue, from source: String, in folder: String, below names: [String]
        ) throws(ImageSpecError) -> ImageSpec {
            var spec: ImageSpec
            do throws(ImageSpecError) {
                spec = try ImageSpec(document: document)
            } catch {
                throw error.inFile(source)
            }
            guard case .reference(let text) = spec.lowestBase else { return spec }
            let place =
                source + ": " + Array(repeating: "base_image", count: spec.depth).joined(separator: ".")
            guard text.hasPrefix("./") || text.hasPrefix("../") else {
                // It would be named, and found out in the build.
                if text.isNameOfSpecFile { throw .baseFileAsImage(text).inFile(place) }
                return spec
            }
            let name = String(text.dropFirst(2))
            guard text.hasPrefix("./"), !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
                throw .baseFileElsewhere(text).inFile(place)
            }
            guard !names.contains(where: { $0.hasSameBytes(as: name) }) else {
                throw .baseOfItself(text).inFile(place)
            }
            let file = folder == "." ? name : Path.join(folder, name)
            do throws(ImageSpecError) {
                let read = try self.document(file)
                spec.setLowestBase(
                    try self.spec(read, from: file, in: folder, below: names + [name]))
            } catch {
                throw error.inFile(place)
            }
            return spec
        }
    }

    /// How many specs lie below each other, this one included.
    private var depth: Int {
        if case .spec(let base) = baseImage { base.depth + 1 } else { 1 }
    }

    private var lowestBase: BaseImage? {
        if case .spec(let base) = baseImage { base.lowestBase } else { baseImage }
    }

    private mutating func setLowestBase(_ lowest: ImageSpec) {
        if case .spec(var base) = baseImage {
            base.setLowestBase(lowest)
            baseImage = .spec(base)
        } else {
            baseImage = .spec(lowest)
        }
    }
}

extension String {
    /// Whether this is what a spec file is called, and an image hardly ever.
    fileprivate var isNameOfSpecFile: Bool {
        [".yaml", ".yml", ".json"].contains(where: hasSuffix)
            && !utf8.contains {
                $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/")
            }
    }
}

extension ImageSpecError {
    fileprivate static func baseFileAsImage(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "\"\(text)\" would be the name of an image; write ./\(text) for the spec file beside this one, or "
                + "\(text):latest for such an image")
    }

    fileprivate static func baseFileElsewhere(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "\"\(text)\" names no file of the spec's own folder, and paths of a spec elsewhere would count from there; "
                + "write ./NAME for a spec file beside this one, or a reference as in debian:bookworm-slim")
    }

    fileprivate static func baseOfItself(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "\"\(text)\" is this spec itself, or has it as its base; name another base in one of them")
    }
}
