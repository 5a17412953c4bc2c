// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// One of the two specs of a comparison.
struct ComparedSpec {
    typealias JSON = ImageSpec.JSONValue
    typealias Object = ImageSpec.OrderedDictionary<JSON>

    let spec: ImageSpec
    let contents: SnapshotContents
    /// The `fields` of the id document.
    let idFields: Object

    init(_ spec: ImageSpec, _ contents: SnapshotContents) {
        self.spec = spec
        self.contents = contents
        let document = try? JSON(json: spec.idDocument)
        if case .object(let fields) = document?["fields"] { idFields = fields } else { idFields = [:] }
    }

    /// The `fields` of the tag document.
    var tagFields: Object { contents.tagFields }

    /// A declared value; `nil` if it means "not set".
    func declared(_ field: ImageSpec.Field) -> JSON? {
        switch spec.value(of: field) {
        case .string("")?: nil
        case .array([])? where field.name != "entrypoint": nil
        case .object([:])? where field.name != "base_image": nil
        case let value: value
        }
    }

    /// The builder options that are in neither document.
    var transportOptions: JSON? {
        guard let options = spec.builderOptions.map(BuildTransport.kept(from:)), !options.isEmpty else {
            return nil
        }
        return .object(options)
    }

    /// The tag that the spec's format gives a content digest.
    func tag(of contentDigest: String) -> String? {
        // An invalid format was rejected when the snapshot was created.
        guard let format = spec.tagFormat.nonEmpty else { return contentDigest }
        return (try? TagFormat(format))?.tag(specHash: contentDigest)
    }

    /// The base, if it is a spec.
    var base: ComparedSpec? {
        guard case .spec(let base) = spec.baseImage, let contents = contents.base else { return nil }
        return ComparedSpec(base, contents)
    }

    /// The base for display.
    var baseText: String? {
        switch spec.baseImage {
        case .reference(let reference): reference.isEmpty ? nil : reference
        case .spec(let spec): "the spec " + (spec.name.nonEmpty ?? "flytekit")
        case nil: nil
        }
    }
}
