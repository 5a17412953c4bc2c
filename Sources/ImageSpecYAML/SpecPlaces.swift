// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

extension ImageSpecError {
    /// Puts the spec file in front of each problem, with the line and column of the field that it is about.
    ///
    /// Reads the file again, and those of its bases. Without the place if that fails, or for a field that is not in the file.
    /// - Parameters:
    ///   - path: the path of the spec file.
    ///   - isInFile: whether the value of a field is that of the file.
    /// - Returns: The same error in these places.
    package func placed(
        inSpecFile path: String, _ isInFile: (_ field: String) -> Bool = { _ in true }
    ) -> ImageSpecError {
        ImageSpecError(problems: problems.map { SpecPlaces.placed($0, in: path, isInFile) }) ?? self
    }
}

/// Finds the fields that problems are about in the files of a spec.
private enum SpecPlaces {
    static func placed(
        _ problem: ImageSpecError.Problem, in path: String, _ isInFile: (_ field: String) -> Bool
    ) -> ImageSpecError.Problem {
        var file = SpecFileText(path)
        var outer: [ImageSpecError.Location] = []
        var locations = problem.locations[...]
        /// The locations in the present file, which lead to a base in it.
        var inner: [ImageSpecError.Location] = []
        var steps = DocumentPath()
        while locations.count > 1, let first = locations.first, first.field == "base_image",
            first.file == nil,
            locations.dropFirst().first?.field != nil
        {
            inner.append(locations.removeFirst())
            steps = steps.key("base_image")
            guard let base = file.baseFile(at: steps) else { continue }
            outer.append(
                ImageSpecError.Location(
                    file: file.path, field: inner.map { $0.field ?? "" }.joined(separator: ".")))
            file = SpecFileText(base)
            (inner, steps) = ([], DocumentPath())
        }
        var place: (line: Int, column: Int)?
        if let field = locations.first?.field, !outer.isEmpty || !inner.isEmpty || isInFile(field) {
            place = file.place(of: field, in: steps)
        }
        let placed = ImageSpecError.Problem(problem, locations: inner + locations).inside(
            ImageSpecError.Location(file: file.path, line: place?.line, column: place?.column))
        return ImageSpecError.Problem(problem, locations: outer + placed.locations)
    }
}

/// The text of a spec file, for the places of its fields.
private struct SpecFileText {
    let path: String
    private let places: YAMLPlaces?

    /// JSON is read as YAML, which it nearly is: without a place, a message is still right.
    init(_ path: String) {
        self.path = path
        let bytes = (try? FileSystem.kind(path)) == .file ? try? FileSystem.contents(ofSpecFile: path) : nil
        places = bytes.flatMap { String(validating: $0, as: UTF8.self) }.map { YAMLPlaces($0) }
    }

    /// The file of a base; `nil` if it is in this one, or is an image.
    func baseFile(at path: DocumentPath) -> String? {
        guard let text = places?.string(at: path), text.hasPrefix("./") || text.hasPrefix("../") else {
            return nil
        }
        let folder = Path.folder(of: self.path)
        let relative = text.hasPrefix("./") ? String(text.dropFirst(2)) : text
        return folder == "." ? relative : Path.join(folder, relative)
    }

    /// The place of a field such as `env.PATH` or `packages[0]`, or of what contains it.
    func place(of field: String, in steps: DocumentPath) -> (line: Int, column: Int)? {
        guard let places else { return nil }
        let name = String(field.prefix { $0 != "." && $0 != "[" })
        var paths = [steps.key(name)]
        var rest = field.dropFirst(name.count)
        while rest.first == "[", let end = rest.firstIndex(of: "]"), let index = Int(rest[..<end].dropFirst())
        {
            paths.append((paths.last ?? steps).index(index))
            rest = rest[end...].dropFirst()
        }
        if rest.first == "." {
            let parent = paths.last ?? steps
            var nested = parent
            for key in rest.dropFirst().split(separator: ".") {
                nested = nested.key(String(key))
                paths.append(nested)
            }
            // The name of a variable may contain a dot.
            paths.append(parent.key(String(rest.dropFirst())))
        }
        for path in paths.reversed() {
            if let place = places.place(of: path, isKey: false) { return place }
        }
        return nil
    }
}
