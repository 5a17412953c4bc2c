// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

typealias JSON = ImageSpec.JSONValue

extension JSON {
    subscript(key: String) -> JSON? {
        if case .object(let object) = self { object[key] } else { nil }
    }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var list: [JSON]? { if case .array(let list) = self { list } else { nil } }
    var pairs: ImageSpec.OrderedDictionary<JSON>? {
        if case .object(let object) = self { object } else { nil }
    }
    var integer: Int? { if case .number(let number) = self { Int(number.value) } else { nil } }
}

/// Specs, files, documents, ids and tags that an independent implementation made from the description of the
/// format alone.
@Suite struct IdentityVectorTests {
    static let expectedCount = 206

    /// What each code of the vectors is called here.
    static let codes: [String: ImageSpecError.Code] = [
        "json": .invalidDocument, "type": .invalidDocument, "number": .invalidDocument,
        "source_copy_mode": .invalidDocument, "unknown_field": .unknownField,
        "source_root_required": .invalidField,
        "tag_format": .invalidField, "tag": .invalidField, "image_name": .invalidReference,
        "requirements_text": .invalidRequirements, "requirements_file": .missingInput,
        "ignore_pattern": .invalidIgnoreFile, "source_root": .missingInput, "loaded_modules": .missingInput,
        "unreadable": .unreadableInput,
    ]

    @Test func everyVectorGivesItsDocumentsAndNames() throws {
        let file = try #require(
            Bundle.module.url(forResource: "Fixtures/identity/vectors", withExtension: "jsonl"))
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        var passed = 0
        var contents: [String: String] = [:]
        var ids: [String: String] = [:]
        var relations: [(String, JSON)] = []
        for line in lines {
            let vector = try JSON(json: String(line))
            let name = vector["name"]?.text ?? "?"
            let problems = try check(vector, &ids, &contents)
            if problems.isEmpty {
                passed += 1
            } else {
                Issue.record("\(name): \(problems.joined(separator: "; "))")
            }
            for relation in vector["relations"]?.list ?? [] { relations.append((name, relation)) }
        }
        for (name, relation) in relations {
            let other = try #require(relation["with"]?.text)
            let kind = try #require(relation["kind"]?.text)
            let table = kind.hasSuffix("_id") ? ids : contents
            let mine = try #require(table[name])
            let others = try #require(table[other])
            #expect((mine == others) == kind.hasPrefix("same"), "\(name) \(kind) with \(other)")
        }
        print("identity vectors: \(passed) of \(lines.count)")
        #expect(lines.count == Self.expectedCount)
        #expect(passed == Self.expectedCount)
        #expect(!relations.isEmpty)
    }

    private func check(
        _ vector: JSON, _ ids: inout [String: String], _ contents: inout [String: String]
    ) throws -> [String] {
        let name = try #require(vector["name"]?.text)
        let expected = try #require(vector["expect"])
        var problems: [String] = []
        func compare(_ what: String, _ found: String, _ key: String) {
            if let wanted = expected[key]?.text, !wanted.hasSameBytes(as: found) {
                problems.append("\(what) is \(found), expected \(wanted)")
            }
        }

        // Loading.
        let spec: ImageSpec
        do throws(ImageSpecError) {
            if let text = vector["spec_text"]?.text {
                spec = try ImageSpec(json: text)
            } else {
                spec = try ImageSpec(document: vector["spec"] ?? .null)
            }
        } catch {
            return failure(error, "load", expected)
        }
        compare("id", spec.id, "id")
        compare("id document", spec.idDocument, "id_document")
        ids[name] = spec.id

        // The tag.
        let folder = TemporaryFolder()
        try build(vector, in: folder)
        let base = Path.normalized(vector["base"]?.text ?? ".")
        let context = ImageSpec.Context(
            workingDirectory: base == "." ? folder.path : folder.path + "/" + base,
            hostArchitecture: vector["host_arch"]?.text ?? "",
            loadedModules: vector["loaded_modules"]?.list?.compactMap(\.text), within: [folder.path])
        let identity: ImageSpec.Identity
        do throws(ImageSpecError) {
            // Manifests come first: where they differ, they say more than a digest.
            if let manifests = expected["manifests"] {
                let records = try ResolvedInputs.read(of: spec, in: context, records: .entries)
                problems += compareManifests(records, manifests)
            }
            identity = try spec.identity(in: context)
        } catch {
            return problems + failure(error, "tag", expected)
        }
        compare("content digest", identity.contentDigest, "content_digest")
        compare("tag document", identity.tagDocument, "tag_document")
        compare("platform", identity.platform, "platform")
        compare("tag", identity.tag, "tag")
        contents[name] = identity.contentDigest
        do throws(ImageSpecError) {
            compare("image name", try identity.imageName(), "image_name")
        } catch {
            return problems + failure(error, "image_name", expected)
        }
        if let error = expected["error"] { problems.append("no error, expected \(error)") }
        return problems
    }

    private func failure(_ error: ImageSpecError, _ stage: String, _ expected: JSON) -> [String] {
        guard let wanted = expected["error"], let code = wanted["code"]?.text else {
            return ["error \(error.code): \(error)"]
        }
        var problems: [String] = []
        if wanted["stage"]?.text != stage {
            problems.append("error at \(stage), expected at \(wanted["stage"]?.text ?? "?")")
        }
        let isRight =
            code == "copy_path"
            ? [.invalidField, .missingInput].contains(error.code) : error.code == Self.codes[code]
        if !isRight { problems.append("error \(error.code) (\(error)), expected \(code)") }
        return problems
    }

    private func build(_ vector: JSON, in folder: TemporaryFolder) throws {
        func make(_ path: [UInt8], _ file: JSON) throws {
            let mode = mode_t(file["mode"]?.text ?? "644", radix: 8) ?? 0o644
            if let text = file["text"]?.text {
                try folder.write(path, Array(text.utf8), mode: mode)
            } else if let base64 = file["base64"]?.text {
                try folder.write(path, Array(Data(base64Encoded: base64) ?? Data()), mode: mode)
            } else if let size = file["size"]?.integer, let seed = file["seed"]?.integer {
                try folder.write(path, Self.generated(size, seed), mode: mode)
            } else if let target = file["symlink"]?.text {
                let absolute = target.replacingOccurrences(of: "$ROOT", with: folder.path)
                try folder.link(path, to: Array(absolute.utf8))
            } else if let target = file["symlink_base64"]?.text {
                try folder.link(path, to: Array(Data(base64Encoded: target) ?? Data()))
            } else if file["dir"] != nil {
                try folder.folder(String(decoding: path, as: UTF8.self))
            } else if file["fifo"] != nil {
                try folder.pipe(path)
            } else {
                Issue.record("an unknown kind of file: \(file)")
            }
        }
        for (path, file) in vector["files"]?.pairs ?? [:] { try make(Array(path.utf8), file) }
        for file in vector["files_raw"]?.list ?? [] {
            try make(Array(Data(base64Encoded: file["path_base64"]?.text ?? "") ?? Data()), file)
        }
        if let base = vector["base"]?.text, base != "." { try folder.folder(base) }
    }

    /// Block i is the SHA-256 of "<seed>:<i>", 2048 times.
    private static func generated(_ size: Int, _ seed: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + 65536)
        var block = 0
        while bytes.count < size {
            let digest = SHA256Digest(of: Array("\(seed):\(block)".utf8)).withBytes { Array($0) }
            for _ in 0..<2048 { bytes += digest }
            block += 1
        }
        return Array(bytes.prefix(size))
    }

    private func compareManifests(_ contents: ResolvedInputs, _ expected: JSON) -> [String] {
        var problems: [String] = []
        func compare(_ what: String, _ tree: SourceTree, _ manifests: JSON) {
            var folders: [String: [SourceTree.Entry]] = ["": []]
            for entry in tree.entries {
                let slash = entry.path.lastIndex(of: UInt8(ascii: "/"))
                let folder = slash.map { String(decoding: entry.path[..<$0], as: UTF8.self) } ?? ""
                folders[folder, default: []].append(entry)
            }
            for (folder, lines) in manifests.pairs ?? [:] {
                let prefix = folder.isEmpty ? 0 : folder.utf8.count + 1
                let found = (folders.removeValue(forKey: folder) ?? []).map { entry in
                    "\(entry.mode.text) \(entry.digest) "
                        + String(decoding: entry.path.dropFirst(prefix), as: UTF8.self)
                }
                let wanted = lines.list?.compactMap(\.text) ?? []
                if found != wanted { problems.append("\(what) \"\(folder)\": \(found), expected \(wanted)") }
            }
            for (folder, entries) in folders where !entries.isEmpty {
                problems.append("\(what): unexpected folder \(folder)")
            }
        }
        if let manifests = expected["source_root"], let tree = contents.source {
            compare("source_root", tree, manifests)
        }
        for (index, manifests) in (expected["copy"]?.list ?? []).enumerated() {
            let copied = contents.copied[index]
            if let wanted = manifests.text {
                let found = "\(copied.mode.text) \(copied.digest)"
                if found != wanted { problems.append("copy[\(index)]: \(found), expected \(wanted)") }
            } else {
                compare("copy[\(index)]", copied.tree, manifests)
            }
        }
        if let wanted = expected["requirements"]?.list?.compactMap(\.text),
            let files = contents.requirements?.files
        {
            let found = files.map { file in
                var hasher = ContentHasher()
                file.bytes.withUnsafeBytes { hasher.update($0) }
                return "100644 \(hasher.finalize()) \(file.name)"
            }
            if found != wanted { problems.append("requirements: \(found), expected \(wanted)") }
        }
        return problems
    }
}
