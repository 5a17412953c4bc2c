// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// Reads documents whose `base_image` may name another spec file of their directory: `./base.yaml`.
    ///
    /// No image reference begins with a full stop, so that nothing is ambiguous. Paths of a base spec count from the same
    /// directory as those of the spec that it is the base of; in another directory one file would have two meanings.
    package struct SpecFiles {
        /// Reads one file.
        private let document: (_ path: String) throws(ImageSpecError) -> SpecDocument

        /// Files that are read by a function, whose errors name the file.
        package init(document: @escaping (_ path: String) throws(ImageSpecError) -> SpecDocument) {
            self.document = document
        }

        /// The spec of a file, with those of its bases.
        package func spec(_ path: String) throws(ImageSpecError) -> ImageSpec {
            let read = try document(path)
            return try spec(
                read, from: path, in: Path.folder(of: path), names: [ByteString(Path.lastComponent(path))])
        }

        /// The spec of a document that is in no file; its bases lie in a directory.
        package func spec(
            _ document: SpecDocument, named name: String, in folder: String
        ) throws(ImageSpecError) -> ImageSpec {
            try spec(document, from: name, in: folder, names: [])
        }

        /// Reads from the top down; a loop, so that no stack is too short for a long chain of files. A file with problems does
        /// not hide those of its bases.
        private func spec(
            _ document: SpecDocument, from source: String, in folder: String, names: Set<ByteString>
        ) throws(ImageSpecError) -> ImageSpec {
            let first = source
            var document = document
            var source = source
            var names = names
            var levels: [(spec: ImageSpec, place: String)] = []
            var lowestSpec = ImageSpec()
            var count = 0
            var problems: [ImageSpecError] = []
            /// The error as the first file's reader sees it.
            func seen(_ error: ImageSpecError) -> ImageSpecError {
                levels.reversed().reduce(error) { $0.inFile($1.place) }
            }
            do throws(ImageSpecError) {
                while true {
                    let (spec, found) = SpecReader.read(document)
                    problems += found.map { seen($0.inFile(source)) }
                    let (depth, lowest) = spec.lowestBase
                    let place =
                        source + ": " + Array(repeating: "base_image", count: depth).joined(separator: ".")
                    guard case .reference(let text) = lowest, text.hasPrefix("./") || text.hasPrefix("../")
                    else {
                        // It would be named, and found out in the build.
                        if case .reference(let text) = lowest, text.isNameOfSpecFile {
                            throw .baseFileAsImage(text).inFile(place)
                        }
                        lowestSpec = spec
                        break
                    }
                    let name = String(text.dropFirst(2))
                    guard text.hasPrefix("./"), !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
                        throw .baseFileElsewhere(text).inFile(place)
                    }
                    guard names.insert(ByteString(name)).inserted else {
                        throw .baseOfItself(text).inFile(place)
                    }
                    count += depth
                    guard count <= ImageSpec.maximumBaseCount else {
                        throw .tooManyBases(ImageSpec.maximumBaseCount)
                    }
                    levels.append((spec, place))
                    source = folder == "." ? name : Path.join(folder, name)
                    document = try self.document(source)
                }
            } catch {
                // Too many are too many to be named.
                problems.append(count > ImageSpec.maximumBaseCount ? error.inFile(first) : seen(error))
            }
            if let error = ImageSpecError(problems: problems) { throw error }
            return levels.reversed().reduce(lowestSpec) { $1.spec.withLowestBase($0) }
        }
    }

    /// How many specs lie below each other, this one included, and the base of the last.
    private var lowestBase: (depth: Int, base: BaseImage?) {
        var depth = 1
        var lowest = baseImage
        while case .spec(let base) = lowest {
            depth += 1
            lowest = base.baseImage
        }
        return (depth, lowest)
    }

    /// A copy in which the last of the specs below each other has another one as base.
    private func withLowestBase(_ lowest: ImageSpec) -> ImageSpec {
        var result = lowest
        for spec in ([self] + specBases).reversed() {
            var copy = spec
            copy.baseImage = .spec(result)
            result = copy
        }
        return result
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
            "\"\(text)\" is ambiguous; write ./\(text) for the spec file in the same directory, or "
                + "\(text):latest for an image")
    }

    fileprivate static func baseFileElsewhere(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "\"\(text)\" must be in the same directory as this spec; write ./NAME for a spec file, or a reference such "
                + "as debian:bookworm-slim for an image")
    }

    fileprivate static func baseOfItself(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "\"\(text)\" is this spec, or is based on it; change base_image in one of them")
    }
}
