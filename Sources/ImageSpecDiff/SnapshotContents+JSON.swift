// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

extension SnapshotContents {
    /// The members of a snapshot that describe its files, and those of its base.
    var json: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = ["tag_fields": .object(tagFields)]
        object["requirements"] = requirements?.json
        if !copied.isEmpty { object["copy"] = .array(copied.map(\.json)) }
        object["source_root"] = source.map { ["files": $0.json] }
        object["base"] = base.map { .object($0.json) }
        return object
    }

    init?(json object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>) {
        guard case .object(let fields) = object["tag_fields"] else { return nil }
        self.init(tagFields: fields)
        if let value = object["requirements"] {
            guard let requirements = SnapshotRequirements(json: value) else { return nil }
            self.requirements = requirements
        }
        for value in object["copy"]?.list ?? [] {
            guard let copy = SnapshotCopy(json: value) else { return nil }
            copied.append(copy)
        }
        if let value = object["source_root"] {
            guard let tree = value["files"].flatMap(SnapshotTree.init(json:)) else { return nil }
            source = tree
        }
        if let value = object["base"] {
            guard case .object(let members) = value, let base = SnapshotContents(json: members) else {
                return nil
            }
            self.base = base
        }
    }
}

extension SnapshotCopy {
    fileprivate var json: ImageSpec.JSONValue {
        ["path": .string(path), "kind": isFolder ? "folder" : "file", "files": tree.json]
    }

    fileprivate init?(json: ImageSpec.JSONValue) {
        guard let path = json["path"]?.text, let kind = json["kind"]?.text,
            let tree = json["files"].flatMap(SnapshotTree.init(json:))
        else { return nil }
        self.init(path: path, isFolder: kind == "folder", tree: tree)
    }
}

extension SnapshotRequirements {
    fileprivate var json: ImageSpec.JSONValue {
        ["name": .string(main), "files": .array(files.map(\.json))]
    }

    fileprivate init?(json: ImageSpec.JSONValue) {
        guard let main = json["name"]?.text, let list = json["files"]?.list else { return nil }
        let files = list.compactMap(File.init(json:))
        guard files.count == list.count else { return nil }
        self.init(main: main, files: files)
    }
}

extension SnapshotRequirements.File {
    fileprivate var json: ImageSpec.JSONValue {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "path": .string(name), "digest": .string(digest.description),
            "file_digest": .string(rawDigest.description),
        ]
        switch text {
        case .lines(let lines): object["lines"] = .array(lines.map(ImageSpec.JSONValue.string))
        case .locked(let packages): object["locked"] = .array(packages.map(ImageSpec.JSONValue.string))
        case .none: break
        }
        return .object(object)
    }

    fileprivate init?(json: ImageSpec.JSONValue) {
        guard let name = json["path"]?.text,
            let digest = json["digest"]?.text.flatMap(ContentDigest.init),
            let rawDigest = json["file_digest"]?.text.flatMap(ContentDigest.init)
        else { return nil }
        var text = SnapshotRequirements.Text.none
        if let lines = json["lines"]?.list { text = .lines(lines.compactMap(\.text)) }
        if let packages = json["locked"]?.list { text = .locked(packages.compactMap(\.text)) }
        self.init(name: name, digest: digest, rawDigest: rawDigest, text: text)
    }
}
