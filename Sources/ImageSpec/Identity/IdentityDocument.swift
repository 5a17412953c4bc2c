// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The document that an id or a content digest is the SHA-256 of.
///
/// A field that is not set is absent. The id document has what is declared; in the tag document, the content of files and of a
/// base spec takes the place of their names.
///
/// In neither document: `builder`, `pip_secret_mounts` and `runtime_packages`, which do not say what the image is; `registry`,
/// `registry_config` and `tag_format`, which say where it is stored and what it is called there.
///
/// Source: identity version 1, sections 2 to 4.
enum IdentityDocument {
    static func id(of spec: ImageSpec) -> [UInt8] { document(of: spec, nil, format: "imagespec.id.v1") }

    static func tag(of spec: ImageSpec, _ inputs: ResolvedInputs) -> [UInt8] {
        document(of: spec, inputs, format: "imagespec.tag.v1")
    }

    private static func document(of spec: ImageSpec, _ inputs: ResolvedInputs?, format: String) -> [UInt8] {
        CanonicalWriter.bytes { json in
            json.beginObject()
            json.key("fields")
            json.beginObject()
            spec.writeFieldsBeforeBase(to: &json)
            if let digest = inputs?.base?.contentDigest {
                json.key("base_image")
                json.beginObject()
                json.member("spec", "sha256:" + digest.hex)
                json.endObject()
            } else {
                spec.writeDeclaredBase(to: &json)
            }
            spec.writeFieldsAfterBase(to: &json, inputs)
            json.endObject()
            json.member("format", format)
            json.endObject()
        }
    }
}

// The fields, in the order of the documents.
extension ImageSpec {
    fileprivate func writeFieldsBeforeBase(to json: inout CanonicalWriter) {
        json.member("apt_packages", aptPackages.map(CanonicalWriter.canonicalSet))
    }

    /// A base image as declared: a reference, or the fields of all specs below this one.
    fileprivate func writeDeclaredBase(to json: inout CanonicalWriter) {
        // A loop: recursion through a chain of 500 specs could overflow the stack of a thread.
        let bases = specBases
        for base in bases {
            json.key("base_image")
            json.beginObject()
            json.key("fields")
            json.beginObject()
            base.writeFieldsBeforeBase(to: &json)
        }
        if case .reference(let reference) = bases.isEmpty ? baseImage : bases.last?.baseImage {
            json.member("base_image", reference)
        }
        for base in bases.reversed() {
            base.writeFieldsAfterBase(to: &json, nil)
            json.endObject()
            json.endObject()
        }
    }

    fileprivate func writeFieldsAfterBase(to json: inout CanonicalWriter, _ inputs: ResolvedInputs?) {
        json.member("builder_config", builderConfig)
        json.member("builder_options", builderOptions.map(BuildTransport.removed(from:)))
        json.member("commands", commands)
        json.member("conda_channels", condaChannels)
        json.member("conda_packages", condaPackages.map(CanonicalWriter.canonicalSet))
        if let inputs {
            json.member("copy", inputs.copied)
        } else {
            json.member("copy", copy?.map(Path.normalized))
        }
        json.member("cuda", cuda)
        json.member("cudnn", cudnn)
        if let entrypoint {
            // Empty is not the same as not set: it removes the entry point of the base image.
            json.key("entrypoint")
            json.list(entrypoint)
        }
        json.member("env", env)
        // The name says which image a spec is, not what is in it.
        if inputs == nil { json.member("name", (name.nonEmpty ?? "flytekit").asciiLowercased) }
        json.member("packages", packages.map(CanonicalWriter.canonicalSet))
        json.member("pip_extra_args", pipExtraArgs)
        json.member("pip_extra_index_url", pipExtraIndexURLs?.map(URLUserInfo.removed(from:)))
        json.member("pip_index", pipIndex.map(URLUserInfo.removed(from:)))
        json.member("platform", inputs?.platform ?? declaredPlatform)
        json.member("python_exec", pythonExec)
        json.member("python_version", pythonVersion)
        if let inputs {
            json.member("requirements", inputs.requirements)
            json.member("source_root", inputs.source.map { "sha256:" + $0.digest.hex })
        } else {
            json.member("requirements", requirements.map(Path.normalized))
            json.member("source_copy_mode", effectiveCopyMode?.rawValue)
            json.member("source_root", sourceRoot.map(Path.normalized))
        }
    }
}

// Members of objects; absent if their value means "not set".
extension CanonicalWriter {
    fileprivate mutating func member(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        key(name)
        string(value)
    }

    fileprivate mutating func member(_ name: String, _ values: [String]?) {
        guard let values, !values.isEmpty else { return }
        key(name)
        list(values)
    }

    fileprivate mutating func member(_ name: String, _ variables: ImageSpec.OrderedDictionary<String>?) {
        guard let variables, !variables.isEmpty else { return }
        key(name)
        object(variables)
    }

    fileprivate mutating func member(
        _ name: String, _ options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>?
    ) {
        guard let options, !options.isEmpty else { return }
        key(name)
        object(options)
    }

    fileprivate mutating func member(_ name: String, _ copied: [ResolvedInputs.Copied]) {
        guard !copied.isEmpty else { return }
        key(name)
        beginArray()
        for path in copied {
            beginObject()
            member("digest", path.digest.description)
            member("mode", path.mode.text.description)
            member("path", path.path)
            endObject()
        }
        endArray()
    }

    fileprivate mutating func member(_ name: String, _ requirements: RequirementFiles?) {
        guard let requirements else { return }
        key(name)
        beginObject()
        member("digest", "sha256:" + requirements.digest.hex)
        member("name", requirements.name)
        endObject()
    }
}
