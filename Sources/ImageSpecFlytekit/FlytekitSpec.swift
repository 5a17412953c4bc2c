// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A spec after flytekit's constructor, and the names that flytekit gives it.
///
/// Source: flytekit 1.16.14, `flytekit.image_spec.image_spec`.
struct FlytekitSpec {
    private indirect enum Base {
        case none
        case reference(String)
        case spec(FlytekitSpec)
    }

    private let spec: ImageSpec
    private let name: String
    private let registry: String?
    let platform: String
    private let sourceCopyMode: ImageSpec.SourceCopyMode?
    private let base: Base

    init(_ spec: ImageSpec, in context: ImageSpec.Context) throws(ImageSpecError) {
        self.spec = spec
        // Python evaluates the base before the spec itself.
        switch spec.baseImage {
        case nil: base = .none
        case .reference(let reference): base = .reference(reference)
        case .spec(let inner): base = .spec(try FlytekitSpec(inner, in: context.forFiles(of: inner)))
        }
        name = (spec.name ?? "flytekit").pythonLowercased
        let registry = spec.registry?.pythonLowercased
        if let registry, !registry.isEmpty, !Self.isRegistry(registry) {
            throw .flytekit(
                .invalidField, "registry", raises: "ValueError",
                """
                Invalid container registry name: '\(registry)'.
                 Expected formats:
                - 'localhost:30000' (for local registries)
                - 'ghcr.io/username' (for GitHub Container Registry)
                - 'docker.io/username' (for docker hub)

                """)
        }
        self.registry = registry
        let isLocal = registry?.utf8.starts(with: "localhost:".utf8) ?? false
        let isARM = ["arm64", "aarch64"].contains(context.hostArchitecture.pythonLowercased)
        platform = spec.platform ?? (isLocal && isARM ? "linux/arm64" : "linux/amd64")
        sourceCopyMode = spec.sourceCopyMode ?? (spec.sourceRoot == nil ? nil : .loadedModules)
    }

    /// flytekit's regular expression: `[a-z0-9._-]+`, an optional port of one to five digits, and path components of word characters,
    /// dots and hyphens. Digits and word characters of any script match, and a line feed may follow.
    private static func isRegistry(_ text: String) -> Bool {
        var rest = PythonText(text).codePoints[...]
        if rest.last == "\n" { rest.removeLast() }
        func isHost(_ character: PythonText.CodePoint) -> Bool {
            character.isBetween(0x61, 0x7A) || character.decimal != nil || character == "."
                || character == "_"
                || character == "-"
        }
        let host = rest.prefix(while: isHost)
        if host.isEmpty { return false }
        rest = rest.dropFirst(host.count)
        if rest.first == ":" {
            let port = rest.dropFirst().prefix { $0.decimal != nil }
            if !(1...5).contains(port.count) { return false }
            rest = rest.dropFirst(1 + port.count)
        }
        while rest.first == "/" {
            let folder = rest.dropFirst().prefix { $0.isWord || $0 == "." || $0 == "-" }
            if folder.isEmpty { return false }
            rest = rest.dropFirst(1 + folder.count)
        }
        return rest.isEmpty
    }

    // MARK: names

    var id: String { digest(of: representation()) }

    func imageName(tag: String) -> String {
        let image = name + ":" + tag
        guard let registry, !registry.isEmpty else { return image }
        return registry + "/" + image
    }

    func tag(
        in context: ImageSpec.Context, gitIgnored: ImageSpec.GitIgnored?
    ) throws(ImageSpecError) -> String {
        let content = try content(in: context, gitIgnored: gitIgnored)
        let tag = String(digest(of: representation(content)).map { $0 == "-" ? "_" : $0 })
        guard let format = spec.tagFormat.nonEmpty else { return tag }
        return try FlytekitTagFormat.tag(format, specHash: tag)
    }

    private func digest(of bytes: [UInt8]) -> String {
        var hasher = MD5Hasher()
        hasher.update(bytes)
        return Base64.urlText(hasher.finalize())
    }

    // MARK: the text that is hashed

    /// The values in place of files and a base spec in a tag.
    private struct Content {
        var base: String?
        var sourceRoot: String?
        var copy: String?
        var requirements: String?
    }

    private func content(
        in context: ImageSpec.Context, gitIgnored: ImageSpec.GitIgnored?
    ) throws(ImageSpecError) -> Content {
        // In flytekit's order, which determines the error that is reported.
        var content = Content()
        if case .spec(let base) = base {
            content.base = base.imageName(
                tag: try base.tag(in: context.forFiles(of: base.spec), gitIgnored: gitIgnored))
        }
        if let mode = sourceCopyMode, mode != .noCopy {
            guard let root = spec.sourceRoot.nonEmpty else {
                throw .flytekit(
                    .invalidField, "source_root", raises: "ValueError",
                    "Field source_root for image spec \(name) must be set when copy is set")
            }
            content.sourceRoot = try FlytekitContent.sourceDigest(
                root, mode: mode, in: context, gitIgnored: gitIgnored)
        }
        if let copy = spec.copy, !copy.isEmpty {
            content.copy = try FlytekitContent.copyDigest(copy, in: context)
        }
        if let path = spec.requirements.nonEmpty {
            content.requirements = try FlytekitContent.requirementsDigest(path, in: context)
        }
        return content
    }

    /// Python's representation of the dictionary of all fields that are not `None`; with `content`, the one for a tag.
    private func representation(_ content: Content? = nil) -> [UInt8] {
        var writer = PythonRepresentation()
        write(to: &writer, content)
        return writer.bytes
    }

    private func write(to writer: inout PythonRepresentation, _ content: Content?) {
        typealias Writing = (inout PythonRepresentation) -> Void
        let pairs = ImageSpec.Field.all.compactMap { field -> (key: String, value: Writing)? in
            func text(_ text: String) -> Writing { { $0.string(text) } }
            let writing: Writing?
            switch field.name {
            case "pip_secret_mounts", "builder", "runtime_packages": writing = nil
            case "name": writing = text(name)
            case "registry": writing = registry.map(text)
            case "platform": writing = text(platform)
            case "source_root": writing = (content?.sourceRoot ?? spec.sourceRoot).map(text)
            case "requirements": writing = (content?.requirements ?? spec.requirements).map(text)
            case "registry_config": writing = content == nil ? spec.registryConfig.map(text) : nil
            case "source_copy_mode":
                writing = sourceCopyMode.map { mode in { $0.literal(mode.pythonRepresentation) } }
            case "copy":
                writing =
                    content?.copy.map(text)
                    ?? spec.copy.map { list in { $0.value(.array(list.map { .string($0) })) } }
            case "base_image":
                switch base {
                case .none: writing = nil
                case .reference(let reference): writing = text(reference)
                case .spec(let base): writing = content?.base.map(text) ?? { base.write(to: &$0, nil) }
                }
            default: writing = spec.value(of: field).map { value in { $0.value(value) } }
            }
            return writing.map { (field.name, $0) }
        }
        writer.dictionary(pairs) { writer, write in write(&writer) }
    }
}

extension ImageSpec.SourceCopyMode {
    /// flytekit's `CopyFileDetection`.
    fileprivate var pythonRepresentation: String {
        switch self {
        case .loadedModules: "<CopyFileDetection.LOADED_MODULES: 1>"
        case .all: "<CopyFileDetection.ALL: 2>"
        case .noCopy: "<CopyFileDetection.NO_COPY: 3>"
        }
    }
}
