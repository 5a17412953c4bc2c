// SPDX-License-Identifier: Apache-2.0

@testable import ContentTree
@testable import ImageSpec

extension Fuzzer {
    /// Specs have the id of their documents, and two different specs never have one document.
    static let identity = Fuzzer(name: "identity") { input in
        // Two specs by the same rules, from the two halves of the input.
        let half = input.count / 2
        let specs = [input[..<half], input[half...]].compactMap { bytes -> ImageSpec? in
            var source = ByteSource(bytes)
            return source.spec()
        }
        for spec in specs {
            guard let again = try? ImageSpec(document: spec.document) else {
                return require(false, "a spec can be read from its document: \(spec.document)")
            }
            require(again == spec, "a spec is equal to that of its document: \(spec.document)")
            require(again.id == spec.id, "a spec has the id of its document: \(spec.document)")
            let text = String(decoding: spec.document.canonicalForm, as: UTF8.self)
            require((try? ImageSpec(json: text))?.id == spec.id, "also as JSON text: \(text)")
        }
        guard specs.count == 2 else { return }
        let isSame = specs[0].normalized.document.canonicalForm == specs[1].normalized.document.canonicalForm
        require(
            (specs[0].idDocument == specs[1].idDocument) == isSame,
            "two specs have one document only if they are equal: \(specs[0].document) \(specs[1].document)")
    }
}

extension ImageSpec {
    /// What an id says of the fields that these specs have, by other means: sets, and paths without empty components.
    fileprivate var normalized: ImageSpec {
        func set(_ list: [String]?) -> [String]? {
            list.map { list in
                Set(list.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
                    .map { String(decoding: $0, as: UTF8.self) }
            }
        }
        var copy = self
        copy.packages = set(packages)
        copy.aptPackages = set(aptPackages)
        copy.requirements = requirements.map { path in
            path.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
                .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        }
        if case .spec(let base) = baseImage { copy.baseImage = .spec(base.normalized) }
        return copy
    }
}

/// Makes values of a few bytes each.
private struct ByteSource {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    private mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    private mutating func text() -> String {
        let count = Int(byte() % 9)
        let bytes = rest.prefix(count)
        rest = rest.dropFirst(count)
        // Not empty, which is the same as absent for some fields, and without what other rules make of it.
        return "t" + String(decoding: bytes, as: UTF8.self)
    }

    private mutating func list() -> [String] { (0..<(1 + byte() % 4)).map { _ in text() } }

    mutating func spec(depth: Int = 0) -> ImageSpec {
        var spec = ImageSpec()
        let fields = byte()
        if fields & 1 != 0 { spec = spec.withPackages(list()) }
        if fields & 2 != 0 { spec = spec.withCommands(list()) }
        if fields & 4 != 0 { spec = spec.withAptPackages(list()) }
        if fields & 8 != 0 { spec = spec.withPythonVersion(text()) }
        if fields & 16 != 0 {
            var env: ImageSpec.OrderedDictionary<String> = [:]
            for name in list() { env[name] = text() }
            spec = spec.withEnv(env)
        }
        if fields & 32 != 0 { spec.requirements = text() }
        if fields & 64 != 0 { spec.pipExtraArgs = text() }
        if fields & 128 != 0, depth < 3 { spec = spec.withBaseImage(.spec(self.spec(depth: depth + 1))) }
        return spec
    }
}
