// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// Writes the `fields` object of the id document (`contents` is nil) or of the tag document.
    ///
    /// The fields stand in the order of their names, which is that of the document: nothing is sorted, and each
    /// is written straight from where it lies. What is not given is absent. `name` says which image a spec is, not
    /// what is in it, so it is in the id alone; where a file is named, the tag holds its digest.
    ///
    /// In neither: `builder`, `pip_secret_mounts` and `runtime_packages`, which do not say what the image is; `registry`,
    /// `registry_config` and `tag_format`, which say where it lies and what it is called there.
    package func write(to writer: inout CanonicalWriter, contents: ResolvedInputs?) {
        writer.beginObject()
        writer.set("apt_packages", aptPackages)
        writer.base(baseImage, contents: contents)
        writeFieldsAfterBase(to: &writer, contents: contents)
        writer.endObject()
    }

    /// The fields that stand after `base_image`.
    fileprivate func writeFieldsAfterBase(to writer: inout CanonicalWriter, contents: ResolvedInputs?) {
        writer.options("builder_config", builderConfig)
        writer.options("builder_options", builderOptions.map(BuildTransport.removed(from:)))
        writer.list("commands", commands)
        writer.list("conda_channels", condaChannels)
        writer.set("conda_packages", condaPackages)
        if let contents {
            writer.copied(contents.copied)
        } else {
            writer.list("copy", copy, Path.normalized)
        }
        writer.text("cuda", cuda)
        writer.text("cudnn", cudnn)
        if let entrypoint {
            // An empty one removes the base image's, so it is not absent.
            writer.key("entrypoint")
            writer.list(entrypoint)
        }
        if let env, !env.isEmpty {
            writer.key("env")
            writer.object(env)
        }
        if contents == nil { writer.text("name", (name.nonEmpty ?? "flytekit").asciiLowercased) }
        writer.set("packages", packages)
        writer.text("pip_extra_args", pipExtraArgs)
        writer.list("pip_extra_index_url", pipExtraIndexURLs, IndexURL.withoutUserInfo)
        writer.text("pip_index", pipIndex.map(IndexURL.withoutUserInfo))
        writer.text("platform", contents?.platform ?? declaredPlatform)
        writer.text("python_exec", pythonExec)
        writer.text("python_version", pythonVersion)
        if let contents {
            writer.requirements(contents.requirements)
            writer.tree("source_root", contents.source)
        } else {
            writer.text("requirements", requirements.map(Path.normalized))
            writer.text("source_copy_mode", effectiveCopyMode?.rawValue)
            writer.text("source_root", sourceRoot.map(Path.normalized))
        }
    }
}

/// A package index's URL.
package enum IndexURL {
    /// The range of the credentials in a URL with an authority, including the `@`; nil if there are none.
    package static func userInfo(_ url: String) -> Range<String.Index>? {
        let text = url.utf8
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text[colon...].starts(with: "://".utf8)
        else { return nil }
        let scheme = text[..<colon]
        func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
        guard let first = scheme.first, isLetter(first),
            scheme.allSatisfy({
                isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || "+.-".utf8.contains($0)
            })
        else { return nil }
        let start = text.index(colon, offsetBy: 3)
        let authority = text[start...].prefix { !"/?#".utf8.contains($0) }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        return start..<text.index(after: at)
    }

    /// The ranges of credentials in the URLs of a text, each including its `@`.
    ///
    /// A URL that was taken for a path may have lost a slash; `orPaths` finds it there too.
    package static func allUserInfo(_ text: [UInt8], orPaths: Bool = false) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var rest = text[...]
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[(colon + 1)...]
            guard rest.starts(with: orPaths ? "/".utf8 : "//".utf8) else { continue }
            rest = orPaths ? rest.drop { $0 == UInt8(ascii: "/") } : rest.dropFirst(2)
            let authority = rest.prefix { !"/?# '\"\n".utf8.contains($0) }
            if let at = authority.lastIndex(of: UInt8(ascii: "@")) { found.append(rest.startIndex..<at + 1) }
        }
        return found
    }

    /// Whether a URL within a text has user info. A user's name for SSH is no secret.
    static func holdsCredential(_ text: [UInt8]) -> Bool {
        allUserInfo(text).contains { !text[..<$0.lowerBound].suffix(6).elementsEqual("ssh://".utf8) }
    }

    /// A text without the user info of the URLs in it, for people to read.
    static func withoutAnyUserInfo(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for range in allUserInfo(bytes, orPaths: true).reversed() {
            bytes.replaceSubrange(range, with: "…@".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func withoutUserInfo(_ url: String) -> String {
        // Nearly all are done with here; to take a URL apart costs more than to write a whole document.
        guard url.hasByte(UInt8(ascii: "@")) else { return url }
        guard let range = userInfo(url) else { return url }
        return String(url[..<range.lowerBound]) + url[range.upperBound...]
    }
}

// Inlined, so that the lengths of the names are known where they are copied.
extension CanonicalWriter {
    @inline(__always)
    fileprivate mutating func text(_ name: StaticString, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        key(name)
        string(value)
    }

    @inline(__always)
    fileprivate mutating func list(
        _ name: StaticString, _ values: [String]?, _ form: (String) -> String = { $0 }
    ) {
        guard let values, !values.isEmpty else { return }
        key(name)
        list(values, form)
    }

    @inline(__always)
    fileprivate mutating func set(_ name: StaticString, _ values: [String]?) {
        guard let values, !values.isEmpty else { return }
        key(name)
        set(values)
    }

    @inline(__always)
    fileprivate mutating func options(
        _ name: StaticString, _ options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>?
    ) {
        guard let options, !options.isEmpty else { return }
        key(name)
        object(options)
    }

    /// A base that is a spec is the digest of its content, or its own fields.
    fileprivate mutating func base(_ base: ImageSpec.BaseImage?, contents: ResolvedInputs?) {
        switch base {
        case .reference(let reference): text("base_image", reference)
        case .spec(let spec):
            key("base_image")
            beginObject()
            if let digest = contents?.base?.contentDigest {
                key("spec")
                self.digest(digest)
            } else {
                key("fields")
                fields(ofBase: spec)
            }
            endObject()
        case nil: break
        }
    }

    /// The fields of a base with those of all below it. A loop, so that no stack is too short for them.
    private mutating func fields(ofBase base: ImageSpec) {
        var lowest = base
        var above: [ImageSpec] = []
        beginObject()
        set("apt_packages", lowest.aptPackages)
        while case .spec(let next) = lowest.baseImage {
            key("base_image")
            beginObject()
            key("fields")
            beginObject()
            set("apt_packages", next.aptPackages)
            above.append(lowest)
            lowest = next
        }
        self.base(lowest.baseImage, contents: nil)
        lowest.writeFieldsAfterBase(to: &self, contents: nil)
        endObject()
        for spec in above.reversed() {
            endObject()
            spec.writeFieldsAfterBase(to: &self, contents: nil)
            endObject()
        }
    }

    fileprivate mutating func digest(_ digest: SHA256Digest) {
        string("sha256:" + digest.hex)
    }

    fileprivate mutating func tree(_ name: StaticString, _ tree: SourceTree?) {
        guard let tree else { return }
        key(name)
        digest(tree.digest)
    }

    fileprivate mutating func copied(_ copied: [ResolvedInputs.Copied]) {
        guard !copied.isEmpty else { return }
        key("copy")
        beginArray()
        for path in copied {
            beginObject()
            key("digest")
            string(path.digest.description)
            key("mode")
            string(path.mode.text.description)
            key("path")
            string(path.path)
            endObject()
        }
        endArray()
    }

    fileprivate mutating func requirements(_ requirements: RequirementFiles?) {
        guard let requirements else { return }
        key("requirements")
        beginObject()
        key("digest")
        digest(requirements.digest)
        key("name")
        string(requirements.name)
        endObject()
    }
}
