// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecFlytekit

/// Specs and trees, and the names that flytekit 1.16.14 itself gave them under Python 3.11.
@Suite struct FlytekitVectorTests {
    static let expectedPasses = 189
    static let expectedRefusals = 9
    static let expectedSkips = 30

    /// Input that a typed interface cannot hold.
    static let skippingTags: Set<String> = ["python_type_mismatch", "python_only_value"]
    /// Whose error `fromEnvironment` throws, in another module.
    static let skippedNames: Set<String> = ["pub-from-env-err"]

    private struct Head: Decodable {
        var name: String
        var tags: [String]
    }

    @Test(.enabled(if: FlytekitGit.path != nil, "needs git"))
    func everyVectorGivesFlytekitsNames() throws {
        let file = try #require(
            Bundle.module.url(forResource: "Fixtures/flytekit/vectors", withExtension: "jsonl"))
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        var passed = 0
        var refused = 0
        var skipped = 0
        for line in lines {
            // By another reader: the package's own refuses some of what is skipped.
            let head = try JSONDecoder().decode(Head.self, from: Data(line.utf8))
            if !Self.skippingTags.isDisjoint(with: head.tags) || Self.skippedNames.contains(head.name) {
                skipped += 1
                continue
            }
            let vector = FlytekitVector(try JSON(json: String(line)))
            let problems = try vector.problems()
            if !problems.isEmpty {
                Issue.record("\(head.name): \(problems.joined(separator: "; "))")
            } else if vector.hasUnsupportedTagFormat {
                refused += 1
            } else {
                passed += 1
            }
        }
        print("flytekit vectors: \(passed) passed, \(refused) refused, \(skipped) skipped, of \(lines.count)")
        #expect(passed == Self.expectedPasses)
        #expect(refused == Self.expectedRefusals)
        #expect(skipped == Self.expectedSkips)
        #expect(passed + refused + skipped == lines.count)
    }

    private struct Registration: Decodable {
        var source_root: String?
        var source_copy_mode: String?
        var settings_root: String?
        var fast: Bool
        var expected_root: String?
        var expected_mode: String?
        var id: String
    }

    /// What flytekit made of specs when tasks were registered, with a source root and without: recorded by
    /// `Tests/Integration/flytekit-names.py`, which compares it with flytekit.
    @Test func registrationsCompleteSpecsAsFlytekitDoes() throws {
        let file = try #require(
            Bundle.module.url(forResource: "Fixtures/flytekit/registration", withExtension: "json"))
        let cases = try JSONDecoder().decode([Registration].self, from: Data(contentsOf: file))
        #expect(cases.count == 32)
        for example in cases {
            let spec = ImageSpec(
                name: "a", sourceRoot: example.source_root,
                sourceCopyMode: example.source_copy_mode.flatMap { .init(rawValue: $0) })
            let registered = spec.withSourceCopy(
                for: .init(sourceRoot: example.settings_root, isFastRegistration: example.fast))
            #expect(registered.sourceRoot == example.expected_root, "\(example)")
            #expect(registered.effectiveCopyMode?.rawValue == example.expected_mode, "\(example)")
            #expect(try registered.id(scheme: .flytekit) == example.id, "\(example)")
            if example.settings_root == nil { #expect(registered.sourceRoot == spec.sourceRoot) }
            if example.settings_root == nil && example.source_root == nil { #expect(registered == spec) }
        }
    }

    /// A text, an integer for a number's spelling, and `-0.0`: what JSON loading keeps counts here.
    @Test func whatCannotBeExpressedIsRefusedByLoading() {
        // flytekit hashes 3.1 for this.
        #expect(throws: ImageSpecError.self) { try ImageSpec(json: #"{"python_version": 3.10}"#) }
        #expect(throws: ImageSpecError.self) { try ImageSpec(json: #"{"packages": "numpy"}"#) }
        #expect(throws: ImageSpecError.self) { try ImageSpec(json: #"{"builder_options": {"v": 1e16}}"#) }
        #expect(throws: ImageSpecError.self) { try ImageSpec(json: #"{"builder_options": {"v": NaN}}"#) }
    }
}

/// One vector: its folder is made, its calls are made, and its names are compared.
private struct FlytekitVector {
    let vector: JSON
    let folder = TemporaryFolder()

    init(_ vector: JSON) { self.vector = vector }

    func problems() throws -> [String] {
        try makeFiles()
        let expected = try #require(vector["expect"])
        let errors = expected["errors"]
        var problems: [String] = []

        let spec: ImageSpec
        do throws(ImageSpecError) {
            spec = try makeSpec()
        } catch {
            return problem(error, errors, stage: "construct")
        }
        let context = context
        var ignored = ImageSpec.GitIgnored()
        for place in spec.directoriesRequiringGitIgnore(in: context) {
            ignored[place] = try FlytekitGit.listing(of: place, ceiling: folder.path)
        }
        let scheme = ImageSpec.HashScheme.flytekit(gitIgnored: ignored)
        func compare(
            _ what: String, _ wanted: String?, stages: [String], _ make: () throws(ImageSpecError) -> String
        ) {
            do throws(ImageSpecError) {
                let found = try make()
                if hasUnsupportedTagFormat, what != "id" {
                    problems.append("\(what) is \(found), expected an error")
                } else if let stage = stages.first(where: { errors?[$0] != nil }) {
                    problems.append("\(what) is \(found), expected the error of \(stage)")
                } else if wanted.map({ !found.hasSameBytes(as: $0) }) ?? true {
                    problems.append("\(what) is \(found), expected \(wanted ?? "nothing")")
                }
            } catch {
                if hasUnsupportedTagFormat, error.code == .invalidField,
                    error.message.hasPrefix("tag_format: ")
                {
                    return
                }
                guard let stage = stages.first(where: { errors?[$0] != nil }) else {
                    problems.append("\(what): \(error)")
                    return
                }
                problems += problem(error, errors, stage: stage)
            }
        }
        let wantedID = vector["path_dependent"] == nil ? expected["id"]?.text : idOfPreimage
        compare("id", wantedID, stages: ["construct", "id"]) { () throws(ImageSpecError) in
            try spec.id(scheme: scheme, in: context)
        }
        compare("tag", expected["tag"]?.text, stages: ["construct", "tag"]) { () throws(ImageSpecError) in
            try spec.tag(scheme: scheme, in: context)
        }
        compare("image_name", expected["image_name"]?.text, stages: ["construct", "image_name"]) {
            () throws(ImageSpecError) in
            try spec.imageName(scheme: scheme, in: context)
        }
        if errors?["construct"] == nil {
            let made = try FlytekitSpec(spec, in: context)
            if let platform = expected["platform"]?.text, platform != made.platform {
                problems.append("platform is \(made.platform), expected \(platform)")
            }
        }
        return problems
    }

    /// Whether the tag format has more of Python's format language than the package supports.
    var hasUnsupportedTagFormat: Bool {
        let format = vector["spec"]?["tag_format"]?.text ?? ""
        return format.replacing(/{spec_hash(:\.[0-9]+)?}/, with: "").contains { "{}".contains($0) }
    }

    /// Where the id holds the folder's own path, the text that flytekit hashed says what it is for this folder.
    private var idOfPreimage: String? {
        guard let text = vector["debug"]?["id_preimage"]?.text else { return nil }
        var hasher = MD5Hasher()
        hasher.update(Array(text.replacingOccurrences(of: "$ROOT", with: folder.path).utf8))
        return Base64.urlText(hasher.finalize())
    }

    private func problem(_ error: ImageSpecError, _ errors: JSON?, stage: String) -> [String] {
        guard let wanted = errors?[stage], let type = wanted["type"]?.text,
            let expected = wanted["message"]?.text
        else {
            return ["error \(error.code): \(error)"]
        }
        let text = type + ": " + expected.replacingOccurrences(of: "$ROOT", with: folder.path)
        let problem = error.problems[0]
        let message = ([problem.reason] + problem.output).joined(separator: "\n")
        return message.contains("flytekit raises " + text) ? [] : ["error \(error), expected \(text)"]
    }

    private var context: ImageSpec.Context {
        ImageSpec.Context(
            workingDirectory: vector["cwd"]?.text.map { folder.path + "/" + $0 } ?? folder.path,
            hostArchitecture: vector["machine"]?.text ?? "x86_64",
            loadedModules: vector["loaded_files"]?.list?.compactMap {
                $0.text.map { folder.path + "/" + $0 }
            },
            within: [folder.path]
        )
    }

    // MARK: the spec

    private func makeSpec() throws(ImageSpecError) -> ImageSpec {
        var spec = try ImageSpec(document: Self.fields(vector["spec_typed"] ?? .null, root: folder.path))
        if let environment = vector["from_env"] {
            // What `fromEnvironment` makes of an environment with Python 3.11 and these packages.
            let packages = environment["pinned_packages"]?.list?.compactMap(\.text) ?? []
            let installed = environment["installed"]
            spec = spec.withPythonVersion("3.11").withPackages(
                packages.map { $0 + "==" + (installed?[$0]?.text ?? "") })
        }
        for call in vector["chain_typed"]?.list ?? [] { spec = try apply(call.list ?? [], to: spec) }
        return spec
    }

    private func apply(_ call: [JSON], to spec: ImageSpec) throws(ImageSpecError) -> ImageSpec {
        let argument = call.count > 1 ? Self.value(call[1], root: folder.path) : .null
        func apply(
            _ one: (String) -> ImageSpec, _ many: ([String]) -> ImageSpec
        ) -> ImageSpec {
            switch argument {
            case .string(let text): return one(text)
            case .array(let list): return many(list.compactMap(\.text))
            default:
                Issue.record("an unknown argument: \(argument)")
                return spec
            }
        }
        switch call.first?.text {
        case "with_packages": return apply({ spec.withPackages($0) }, { spec.withPackages($0) })
        case "with_apt_packages": return apply({ spec.withAptPackages($0) }, { spec.withAptPackages($0) })
        case "with_commands": return apply({ spec.withCommands($0) }, { spec.withCommands($0) })
        case "with_copy": return apply({ spec.withCopy($0) }, { spec.withCopy($0) })
        case "with_runtime_packages":
            return apply({ spec.withRuntimePackages($0) }, { spec.withRuntimePackages($0) })
        case "with_builder_options": return spec.withBuilderOptions(argument.pairs ?? [:])
        case "force_push": return spec.forcePush()
        case "update_copy_handling":
            return spec.withSourceCopy(
                for: .init(
                    sourceRoot: argument["source_root"]?.text ?? "",
                    isFastRegistration: argument["fast"] == .bool(true)))
        default:
            Issue.record("an unknown call: \(call)")
            return spec
        }
    }

    /// The document of `["spec", [[field, value], …]]`.
    private static func fields(_ typed: JSON, root: String) throws(ImageSpecError) -> JSON {
        var object = ImageSpec.OrderedDictionary<JSON>()
        let fields = typed.list?.first?.text == "spec" ? typed.list?[1].list ?? [] : typed.list ?? []
        for field in fields {
            object[field.list?[0].text ?? ""] = value(field.list?[1] ?? .null, root: root)
        }
        return .object(object)
    }

    private static func value(_ typed: JSON, root: String) -> JSON {
        guard let pair = typed.list, let kind = pair.first?.text else {
            Issue.record("no typed value: \(typed)")
            return .null
        }
        let content = pair.count > 1 ? pair[1] : .null
        switch kind {
        case "none": return .null
        case "bool": return content
        case "str":
            return .string(
                (content.text ?? "").replacingOccurrences(of: "$ROOT", with: root, options: .literal))
        case "int": return number { () throws(ImageSpecError) in try JSON(Int(content.text ?? "") ?? 0) }
        case "float":
            return number { () throws(ImageSpecError) in try JSON(Double(content.text ?? "") ?? .nan) }
        case "enum": return .string((content.text ?? "").lowercased())
        case "list", "tuple": return .array((content.list ?? []).map { value($0, root: root) })
        case "dict":
            var object = ImageSpec.OrderedDictionary<JSON>()
            for entry in content.list ?? [] {
                let key = entry.list.flatMap { $0.first }.map { value($0, root: root) }
                object[key?.text ?? ""] = entry.list.map { value($0[1], root: root) } ?? .null
            }
            return .object(object)
        case "spec":
            return number { () throws(ImageSpecError) in try fields(typed, root: root) }
        default:
            Issue.record("a value that no typed interface can hold: \(typed)")
            return .null
        }
    }

    private static func number(_ make: () throws(ImageSpecError) -> JSON) -> JSON {
        do throws(ImageSpecError) {
            return try make()
        } catch {
            Issue.record("\(error)")
            return .null
        }
    }

    // MARK: files

    private func makeFiles() throws {
        if let cwd = vector["cwd"]?.text { try folder.folder(cwd) }
        for (path, file) in vector["files"]?.pairs ?? [:] {
            let name = Array(path.utf8)
            if let text = file.text {
                try folder.write(name, Array(text.utf8))
                continue
            }
            let mode = mode_t(file["mode"]?.text ?? "644", radix: 8) ?? 0o644
            if let text = file["text"]?.text {
                try folder.write(name, Array(text.utf8), mode: mode)
            } else if let base64 = file["base64"]?.text {
                try folder.write(name, Array(try #require(Data(base64Encoded: base64))), mode: mode)
            } else if let target = file["symlink"]?.text {
                let absolute = target.replacingOccurrences(of: "$ROOT", with: folder.path)
                try folder.link(name, to: Array(absolute.utf8))
            } else if file["dir"] != nil {
                try folder.folder(path)
            } else {
                Issue.record("an unknown kind of file: \(file)")
            }
        }
        for place in vector["git"]?["init"]?.list?.compactMap(\.text) ?? [] {
            try FlytekitGit.run(["init", "-q", "."], in: folder.path + "/" + place, ceiling: folder.path)
        }
        let added = vector["git"]?["add"]?.list?.compactMap(\.text) ?? []
        if !added.isEmpty {
            try FlytekitGit.run(["add", "-f", "--"] + added, in: folder.path, ceiling: folder.path)
        }
    }
}

/// git without any configuration but that of the folder itself.
enum FlytekitGit {
    static let path = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
        .map { "\($0)/git" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    struct Failure: Error {
        var arguments: [String]
        var status: Int32
    }

    /// What git prints in a folder for flytekit; nothing where it fails, or where there is no folder.
    static func listing(of folder: String, ceiling: String) throws -> ImageSpec.GitIgnored.Listing {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
        else {
            return .nothing
        }
        do {
            let command = ["ls-files", "-io", "--exclude-standard"]
            return .init(
                files: try run(command, in: folder, ceiling: ceiling),
                directories: try run(command + ["--directory"], in: folder, ceiling: ceiling))
        } catch is Failure {
            return .nothing
        }
    }

    @discardableResult
    static func run(_ arguments: [String], in folder: String, ceiling: String) throws -> [UInt8] {
        let home = TemporaryFolder()
        let output = home.path + "/output"
        try Data().write(to: URL(fileURLWithPath: output))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(path))
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH", default: ""], "LANG": "C.UTF-8",
            "HOME": home.path, "XDG_CONFIG_HOME": home.path, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CEILING_DIRECTORIES": (ceiling as NSString).deletingLastPathComponent,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        // A file rather than a pipe: nobody has to empty it while git runs.
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(arguments: arguments, status: process.terminationStatus)
        }
        return Array(try Data(contentsOf: URL(fileURLWithPath: output)))
    }
}
