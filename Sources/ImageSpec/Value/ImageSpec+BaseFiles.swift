// SPDX-License-Identifier: Apache-2.0

package import ContentTree

extension ImageSpec {
    /// Reads documents whose `base_image` may be another spec file, such as `./base.yaml` or `../../images/base.yaml`.
    ///
    /// No image reference begins with a full stop. The paths of a base spec are relative to its own file; see
    /// ``ImageSpec/ImageSpec/directory``.
    package struct SpecFiles {
        /// Reads one file. A base has a boundary and must be a regular file in it: only the user may name a pipe, a device or a
        /// file outside.
        package typealias Reader = (_ path: String, _ boundary: Boundary?) throws(ImageSpecError) ->
            SpecDocument

        private let document: Reader
        private let within: [String]

        /// - Parameters:
        ///   - within: other directories where bases may be; see ``Context/within``.
        ///   - document: reads a file. Its errors name the file.
        package init(within: [String], document: @escaping Reader) {
            self.within = within
            self.document = document
        }

        /// What was read: a spec without the fields and bases that have problems, and the problems.
        package struct Result {
            package var spec: ImageSpec
            package var problems: [ImageSpecError]

            /// The spec, if it has no problems.
            package func get() throws(ImageSpecError) -> ImageSpec {
                if let error = ImageSpecError(problems: problems) { throw error }
                return spec
            }
        }

        /// Reads the spec in a file, with its bases.
        /// - Throws: the problems of a file that is no document.
        package func read(_ path: String) throws(ImageSpecError) -> Result {
            let document = try document(path, nil)
            return read(
                document, from: path, in: Path.folder(of: path),
                sources: [ByteString(Path.lexicallyNormalized(path))])
        }

        /// Reads the spec of a document that is not in a file, with its bases in a directory.
        package func read(_ document: SpecDocument, named name: String, in folder: String) -> Result {
            read(document, from: name, in: folder, sources: [])
        }

        /// Reads from the top down. A loop, because recursion through a long chain of files could overflow the stack. Reports the
        /// problems of all files.
        private func read(
            _ document: SpecDocument, from source: String, in topFolder: String, sources: Set<ByteString>
        ) -> Result {
            let first = source
            var document = document
            var source = source
            var sources = sources
            var folder = topFolder
            // From the top down, each with the file that it comes from.
            var levels: [Level] = []
            var count = 0
            var problems: [ImageSpecError] = []
            var boundary: Boundary?
            /// The error with the path from the first file.
            func seen(_ error: ImageSpecError, from levels: [Level]) -> ImageSpecError {
                levels.reversed().reduce(error) { $0.inside($1.location) }
            }
            do throws(ImageSpecError) {
                while true {
                    var (spec, found) = SpecReader.read(document)
                    problems += found.map { seen($0.error.inFile(source), from: levels) }
                    if !Self.areSame(folder, topFolder) { spec.setDirectory(to: Self.absolute(folder)) }
                    let (depth, lowest) = spec.lowestBase
                    levels.append(Level(spec: spec, document: document, source: source, depth: depth))
                    guard case .reference(let text) = lowest, text.hasPrefix("./") || text.hasPrefix("../")
                    else {
                        // As an image reference, it would fail only in the build.
                        if case .reference(let text) = lowest, text.isNameOfSpecFile {
                            throw .baseFileAsImage(text)
                        }
                        break
                    }
                    let path = text.hasPrefix("./") ? String(text.dropFirst(2)) : text
                    guard !path.isEmpty, path.utf8.last != UInt8(ascii: "/") else {
                        throw .baseIsNoFile(text)
                    }
                    let child = source
                    source = folder == "." ? path : Path.join(folder, path)
                    guard sources.insert(ByteString(Path.lexicallyNormalized(source))).inserted else {
                        throw .baseOfItself(text)
                    }
                    count += depth
                    guard count <= ImageSpec.maximumBaseCount else {
                        throw .tooManyBases(ImageSpec.maximumBaseCount)
                    }
                    folder = Path.folder(of: source)
                    let limit = boundary ?? Context(workingDirectory: topFolder, within: within).boundary
                    boundary = limit
                    do throws(ImageSpecError) {
                        document = try self.document(source, limit)
                    } catch {
                        throw error.suggestingBase(at: source, written: text, in: child)
                    }
                }
            } catch {
                if count > ImageSpec.maximumBaseCount {
                    // The path would name hundreds of files.
                    problems.append(error.inFile(first))
                } else if let last = levels.last {
                    // What is wrong in another file has a place there.
                    let isHere = error.problems.allSatisfy { $0.file == nil }
                    problems.append(
                        seen(
                            error.inside(isHere ? last.placedLocation : last.location),
                            from: levels.dropLast()))
                    levels[levels.count - 1].spec = last.spec.withLowestBase(nil)
                }
            }
            let lowest = levels.removeLast().spec
            return Result(
                spec: levels.reversed().reduce(lowest) { $1.spec.withLowestBase($0) }, problems: problems)
        }

        /// A file of the chain, with the specs in it.
        private struct Level {
            var spec: ImageSpec
            var document: SpecDocument
            var source: String
            /// How many specs the file has.
            var depth: Int

            private var base: DocumentPath {
                (0..<depth).reduce(DocumentPath()) { path, _ in path.key("base_image") }
            }

            /// The base of the lowest spec.
            var location: ImageSpecError.Location {
                ImageSpecError.Location(file: source, field: base.description)
            }

            /// The same with line and column, which are looked for.
            var placedLocation: ImageSpecError.Location {
                let place = document.places()(base, false)
                return ImageSpecError.Location(
                    file: source, line: place?.line, column: place?.column, field: base.description)
            }
        }

        private static func areSame(_ left: String, _ right: String) -> Bool {
            Path.lexicallyNormalized(absolute(left)).hasSameBytes(
                as: Path.lexicallyNormalized(absolute(right)))
        }

        /// Not normalised by its text, which would be another directory behind a link.
        private static func absolute(_ folder: String) -> String {
            Path.join(CurrentProcess.workingDirectory, folder)
        }
    }

    /// Sets the directory of this spec and of the bases that are written in the same file.
    private mutating func setDirectory(to directory: String) {
        var result: ImageSpec?
        for spec in ([self] + specBases).reversed() {
            var copy = spec
            copy.directory = directory
            if let result { copy.baseImage = .spec(result) }
            result = copy
        }
        if let result { self = result }
    }

    /// The length of the chain of specs, including this one, and the base of the lowest.
    private var lowestBase: (depth: Int, base: BaseImage?) {
        var depth = 1
        var lowest = baseImage
        while case .spec(let base) = lowest {
            depth += 1
            lowest = base.baseImage
        }
        return (depth, lowest)
    }

    /// A copy in which the lowest spec of the chain has another base; nil: none.
    private func withLowestBase(_ lowest: ImageSpec?) -> ImageSpec {
        var base = lowest
        var result = self
        for spec in ([self] + specBases).reversed() {
            result = spec
            result.baseImage = base.map { .spec($0) }
            base = result
        }
        return result
    }
}

extension String {
    /// Whether this is the name of a spec file rather than an image.
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
            .invalidField, found: text, "\"\(text)\" is ambiguous",
            fix: "write ./\(text) for a spec file, or \(text):latest for an image")
    }

    fileprivate static func baseIsNoFile(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, "\"\(text)\" is not the path of a file",
            fix: "write ./NAME.yaml for a spec file, or a reference such as debian:bookworm-slim for an image"
        )
    }

    fileprivate static func baseOfItself(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, "\"\(text)\" is this spec, or is based on it, which is circular",
            fix: "change base_image in one of them")
    }
}
