// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding
@testable import ImageSpecFlytekit

@Suite struct ImageSpecTests {
    // MARK: equality

    @Test func specsAreEqualByTheirBytes() {
        let composed = ImageSpec(env: ["A": "1"], packages: ["é"], pythonExec: "caf\u{e9}")
        let decomposed = ImageSpec(env: ["A": "1"], packages: ["é"], pythonExec: "cafe\u{301}")
        #expect(composed == composed && composed != decomposed)
        #expect(Set([composed, decomposed, composed]).count == 2)
        #expect(composed.id != decomposed.id)
    }

    @Test(arguments: ImageSpec.Field.all.map(\.name))
    func everyFieldTakesPartInEquality(field: String) throws {
        let values = try #require(IdentityLawTests.values[field])
        let one = try ImageSpec(document: [field: values.one])
        let same = try ImageSpec(document: [field: values.one])
        let other = try ImageSpec(document: [field: values.other])
        #expect(one == same && one.hashValue == same.hashValue)
        #expect(one != other && one != ImageSpec())
    }

    // MARK: documents

    @Test func aDocumentReadsBackAsAnEqualSpec() throws {
        let spec = try IdentityLawTests.full()
        #expect(try ImageSpec(document: spec.document) == spec)
        #expect(try JSONDecoder().decode(ImageSpec.self, from: JSONEncoder().encode(spec)).id == spec.id)
        let empty = ImageSpec(env: [:], packages: [], entrypoint: [], builderOptions: [:])
        #expect(try ImageSpec(document: empty.document) == empty)
        #expect(try ImageSpec(json: "{}") == ImageSpec())
    }

    // What is wrong with a document, and what its author reads.
    @Test(arguments: [
        (#"{"pakages": []}"#, ImageSpecError.Code.unknownField, #"did you mean "packages"?"#),
        (#"{"pythonVersion": "3.12"}"#, .unknownField, #"did you mean "python_version"?"#),
        (#"{"apt-packages": []}"#, .unknownField, #"did you mean "apt_packages"?"#),
        (#"{"nmae": ""}"#, .unknownField, #"did you mean "name"?"#),
        (#"{"Name": ""}"#, .unknownField, #"did you mean "name"?"#),
        (#"{"xyzzy": 1}"#, .unknownField, "; the fields are name, python_version, builder, "),
        (
            #"{"base_image": {"base_image": {"nam": 1}}}"#, .unknownField,
            "base_image.base_image.nam: unknown field"
        ),
        (
            #"{"python_version": 3.10}"#, .invalidDocument,
            "python_version: expected a string, found the number 3.1; write \"3.10\" in quotes, because the number 3.10 is 3.1"
        ),
        (
            #"{"packages": "numpy"}"#, .invalidDocument,
            #"packages: expected a list of strings, found a string; write ["numpy"]"#
        ),
        (#"{"packages": "a\"b"}"#, .invalidDocument, #"; write ["a\"b"]"#),
        (
            #"{"packages": "numpy >= 2"}"#, .invalidDocument,
            #"; write each entry as a separate string, as in ["a", "b"]"#
        ),
        (#"{"packages": "numpy,six"}"#, .invalidDocument, "; write each entry as a separate string"),
        (#"{"packages": ""}"#, .invalidDocument, "; write each entry as a separate string"),
        (#"{"commands": "pip list"}"#, .invalidDocument, #"; write ["pip list"]"#),
        (#"{"entrypoint": "python main.py"}"#, .invalidDocument, #"; write ["python", "main.py"]"#),
        (#"{"packages": 1}"#, .invalidDocument, "packages: expected a list of strings, found the number 1"),
        (#"{"pip_secret_mounts": "a"}"#, .invalidDocument, "expected a list of pairs, found a string"),
        (#"{"a\nb": 1}"#, .unknownField, #"a\nb: unknown field"#),
        (
            #"{"packages": ["a", null]}"#, .invalidDocument,
            "packages[1]: expected a string, found null; remove it"
        ),
        (
            #"{"commands": [{"echo a": "b"}]}"#, .invalidDocument,
            "commands[0]: expected a string, found an object; put text that begins with { or contains a colon in quotes"
        ),
        (
            #"{"packages": {"numpy": "1"}}"#, .invalidDocument,
            #"found an object; write each entry as a separate string"#
        ),
        (
            #"{"env": "A=1"}"#, .invalidDocument,
            #"found a string; write A: "1""#
        ),
        (#"{"env": {"A": 1}}"#, .invalidDocument, "env.A: expected a string, found the number 1"),
        (
            #"{"env": []}"#, .invalidDocument,
            "env: expected an object of strings, found a list; write names and values"
        ),
        (
            #"{"pip_secret_mounts": [["a"]]}"#, .invalidDocument,
            "pip_secret_mounts[0]: expected a list of two strings"
        ),
        (
            #"{"pip_secret_mounts": [["a", 1]]}"#, .invalidDocument,
            "pip_secret_mounts[0][1]: expected a string"
        ),
        (#"{"source_copy_mode": "none"}"#, .invalidDocument, "use one of loaded_modules, all, no_copy"),
        (#"{"base_image": 1}"#, .invalidDocument, "a string or an object (another spec)"),
        (#"{"builder_options": []}"#, .invalidDocument, "builder_options: expected an object, found a list"),
        ("[]", .invalidDocument, "the document must be an object, found a list"),
    ])
    func aWrongDocumentIsRefused(text: String, code: ImageSpecError.Code, fragment: String) {
        let error = #expect(throws: ImageSpecError.self) { try ImageSpec(json: text) }
        #expect(error?.code == code)
        #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
    }

    // A path that ends in a slash keeps it, which is why it is no file.
    @Test(arguments: [
        (ImageSpec(requirements: "r.txt"), #"requirements: "r.txt" (in "#),
        (ImageSpec(requirements: "./a//r.txt"), #"requirements: "a/r.txt" (in "#),
        (ImageSpec(requirements: "r.txt/"), #"requirements: "r.txt/" (in "#),
        (ImageSpec(sourceRoot: "src"), #"source_root: "src" (in "#),
        (ImageSpec(sourceRoot: "./src"), #"source_root: "src" (in "#),
        (ImageSpec(sourceRoot: "../src/"), #"source_root: "../src/" (in "#),
        (
            ImageSpec(sourceRoot: "https://u:hunter2@h//a"),
            #"source_root: "https://…@h//a" is a URL, not a directory; download it"#
        ),
        (
            ImageSpec(requirements: "https://u:hunter2@h/a/"),
            #"requirements: "https://…@h/a/" is a URL, not a file; download it"#
        ),
        (
            ImageSpec(copy: ["git+ssh://h/./a", "conf"]),
            #"copy[0]: "git+ssh://h/./a" is a URL, not a file or directory; download it"#
        ),
        (
            ImageSpec(requirements: "FILE:///srv/r.txt"),
            #"requirements: "FILE:///srv/r.txt" is a URL, not a file; write the path without "file://""#
        ),
        (ImageSpec(requirements: "a:b/r.txt"), #"requirements: "a:b/r.txt" (in "#),
        (ImageSpec(copy: ["no-such-file"]), #"copy[0]: "no-such-file" (in "#),
        (ImageSpec(sourceRoot: "/nowhere/./src"), #"source_root: "/nowhere/src" does"#),
    ])
    func pathsInMessagesAreAsOneWouldWriteThem(spec: ImageSpec, start: String) {
        let context = ImageSpec.Context(specFile: "no-such-spec.yaml")
        for read in [
            { _ = try spec.tag(in: context) }, { try spec.validate(in: context) },
        ] as [() throws -> Void] {
            let error = #expect(throws: ImageSpecError.self) { try read() }
            #expect(error?.message.hasPrefix(start) == true, "\(error?.message ?? "")")
        }
    }

    @Test func aSpecFileIsReadAndItsErrorsNameIt() throws {
        let folder = TemporaryFolder()
        try folder.write("good.json", #"{"name": "a", "requirements": "r.txt"}"#)
        try folder.write("r.txt", "numpy\n")
        try folder.write("bad.json", #"{"name": }"#)
        let spec = try ImageSpec(jsonContentsOf: folder.path + "/good.json")
        let context = ImageSpec.Context(specFile: folder.path + "/good.json")
        #expect(context.workingDirectory == folder.path)
        #expect(try spec.imageName(in: context).hasPrefix("a:"))
        for (name, code) in [
            ("bad.json", ImageSpecError.Code.invalidDocument), ("none.json", .missingInput),
            ("", .missingInput),
        ] {
            let path = folder.path + "/" + name
            let error = #expect(throws: ImageSpecError.self) { try ImageSpec(jsonContentsOf: path) }
            #expect(error?.code == code)
            #expect(error?.message.contains(path) == true)
        }
    }

    // MARK: copies

    @Test func buildersAppendAndLeaveTheOriginal() {
        let spec = ImageSpec(packages: ["a"])
        let copy = spec.withPackages("b", "c").withPackages(["d"]).withAptPackages("git").withCommands("x")
            .withCopy("y").withRuntimePackages("z")
        #expect(
            copy.packages == ["a", "b", "c", "d"] && copy.aptPackages == ["git"] && copy.commands == ["x"])
        #expect(copy.copy == ["y"] && copy.runtimePackages == ["z"])
        #expect(spec == ImageSpec(packages: ["a"]))
        #expect(
            spec.withAptPackages(["b"].lazy.map { $0 }).withCommands(["c"]).withCopy(["d"])
                .withRuntimePackages(Set(["e"])).copy == ["d"])
    }

    @Test func builderOptionsAreLaidOver() {
        let spec = ImageSpec(builderOptions: ["a": 1, "b": ["x": 1]]).withBuilderOptions([
            "b": ["y": 2], "c": nil,
        ])
        #expect(spec.builderOptions == ["a": 1, "b": ["y": 2], "c": nil])
        #expect(ImageSpec().withBuilderOptions(["a": true]).builderOptions == ["a": true])
    }

    @Test func variablesAreLaidOverTheEnvironment() {
        let spec = ImageSpec(env: ["A": "1", "B": "2"]).withEnv(["C": "3", "A": "4"])
        #expect(spec == ImageSpec(env: ["A": "4", "B": "2", "C": "3"]))
        #expect(ImageSpec().withEnv(["A": "1"]) == ImageSpec(env: ["A": "1"]))
    }

    @Test func pythonAndBaseAreReplaced() {
        let spec = ImageSpec(name: "a", pythonVersion: "3.11", baseImage: "debian:12").forcePush()
        let other = spec.withPythonVersion("3.12").withBaseImage(.spec(ImageSpec(name: "b")))
        #expect(
            other
                == ImageSpec(name: "a", pythonVersion: "3.12", baseImage: .spec(ImageSpec(name: "b")))
                .forcePush())
        #expect(other.isForcePush)
        #expect(other.withPythonVersion(nil).withBaseImage(nil) == ImageSpec(name: "a").forcePush())
    }

    @Test func aForcePushSurvivesAndIsInNoName() throws {
        let spec = ImageSpec(name: "a").forcePush().withPackages("b").withBuilderOptions(["c": 1])
        #expect(spec.isForcePush && !ImageSpec().isForcePush)
        #expect(ImageSpec(name: "a").id == ImageSpec(name: "a").forcePush().id)
        #expect(spec.document == ImageSpec(name: "a", packages: ["b"], builderOptions: ["c": 1]).document)
    }

    // All that is wrong is in one error, in the order of the document.
    @Test(
        arguments: [
            (
                #"{"nmae": 1, "packages": ["a", 2, null], "env": {"A": true, "B": "x", "C": []}, "xyzzy": {}}"#,
                .unknownField,
                [
                    "nmae: unknown field", "packages[1]: ", "packages[2]: ", "env.A: ", "env.C: ",
                    "xyzzy: unknown field",
                ]
            ),
            (
                #"{"python_version": 3.10, "base_image": {"nam": "x", "base_image": {"copy": "a", "id": 1}}, "cuda": 12}"#,
                .invalidDocument,
                [
                    "python_version: ", "base_image.nam: unknown field", "base_image.base_image.copy: ",
                    "base_image.base_image.id: unknown field", "cuda: ",
                ]
            ),
            (
                #"{"pip_secret_mounts": [["a"], ["a", 1], "b"], "source_copy_mode": "some", "base_image": [], "builder_config": 1}"#,
                .invalidDocument,
                [
                    "pip_secret_mounts[0]: ", "pip_secret_mounts[1][1]: ", "pip_secret_mounts[2]: ",
                    "source_copy_mode: ", "base_image: ", "builder_config: ",
                ]
            ),
        ] as [(String, ImageSpecError.Code, [String])])
    func allProblemsOfADocumentAreInOneError(text: String, code: ImageSpecError.Code, starts: [String]) throws
    {
        let error = try #require(throws: ImageSpecError.self) { try ImageSpec(json: text) }
        #expect(error.code == code)
        let lines = error.message.split(separator: "\n")
        #expect(lines.count == starts.count, "\(error.message)")
        for (line, start) in zip(lines, starts) { #expect(line.hasPrefix(start), "\(line)") }
        #expect(error.problems.map(\.message) == lines.map(String.init))
        #expect(error.problems.first?.code == code)
        // As the decoder of a client sees it.
        let data = Data(text.utf8)
        let decoded = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(ImageSpec.self, from: data)
        }
        guard case .dataCorrupted(let context)? = decoded else {
            Issue.record("\(String(describing: decoded))")
            return
        }
        #expect((context.underlyingError as? ImageSpecError)?.problems.count == lines.count)
    }

    // flytekit's rules on what a registration fills in.
    @Test(
        arguments: [
            (nil, nil, false, "root", .loadedModules), (nil, nil, true, nil, nil),
            ("own", nil, false, "own", .loadedModules), ("own", nil, true, "own", nil),
            (nil, .all, false, "root", .all), (nil, .all, true, "root", .all),
            ("own", .loadedModules, true, "own", .loadedModules),
            (nil, .noCopy, false, nil, .noCopy), (nil, .noCopy, true, nil, .noCopy),
        ] as [(String?, ImageSpec.SourceCopyMode?, Bool, String?, ImageSpec.SourceCopyMode?)])
    func registrationSettingsCompleteTheSource(
        root: String?, mode: ImageSpec.SourceCopyMode?, isFast: Bool, expectedRoot: String?,
        expectedMode: ImageSpec.SourceCopyMode?
    ) {
        let settings = ImageSpec.SerializationSettings(sourceRoot: "root", isFastRegistration: isFast)
        let spec = ImageSpec(sourceRoot: root, sourceCopyMode: mode).withSourceCopy(for: settings)
        #expect(spec.sourceRoot == expectedRoot && spec.sourceCopyMode == expectedMode)
    }

    /// Without a source root, settings change nothing about a spec that has none, and so neither its id nor its tag.
    @Test(
        arguments: [nil, .loadedModules, .all, .noCopy] as [ImageSpec.SourceCopyMode?], [false, true])
    func registrationSettingsWithoutASourceRootChangeNothing(
        mode: ImageSpec.SourceCopyMode?, isFast: Bool
    ) throws {
        let spec = ImageSpec(name: "a", packages: ["b"], sourceCopyMode: mode)
        for root in [nil, ""] {
            let settings = ImageSpec.SerializationSettings(sourceRoot: root, isFastRegistration: isFast)
            let registered = spec.withSourceCopy(for: settings)
            #expect(registered == spec)
            #expect(registered.id == spec.id)
            #expect(try registered.id(scheme: .flytekit) == spec.id(scheme: .flytekit))
            if mode == nil { #expect(try registered.tag == spec.tag) }
        }
    }

    // MARK: where it runs

    @Test func isContainerAsksTheEnvironment() {
        let spec = ImageSpec(name: "a")
        let running = ["FLYTE_INTERNAL_EXECUTION_ID": "x"]
        #expect(spec.isContainer { _ in nil })
        #expect(!spec.isContainer { running[$0] })
        #expect(spec.isContainer { running.merging(["_F_IMG_ID": spec.id]) { $1 }[$0] })
        #expect(!spec.isContainer { running.merging(["_F_IMG_ID": "other"]) { $1 }[$0] })
        // The process that tests run in is no execution.
        #expect(spec.isContainer())
    }

    @Test func imagesAreFoundBySpec() throws {
        let spec = ImageSpec(name: "a")
        var config = ImageSpec.ImageConfig(default: "default:1")
        config.add("a:1", for: spec)
        #expect(config.imageName(for: spec) == "a:1" && config.imageName(for: nil) == "default:1")
        #expect(config.imageName(for: ImageSpec(name: "b")) == nil)
        #expect(try ImageSpec.ImageConfig(json: config.json) == config)
        #expect(
            config.json
                == #"{"default_image":{"digest":null,"fqn":"default","name":"default","tag":"1"},"#
                + #""images":[{"digest":null,"fqn":"a","name":"\#(spec.id)","tag":"1"}]}"#)
        config.add("a:2", for: spec)
        #expect(config.imageName(for: spec) == "a:2" && config.images.count == 1)
        #expect(try ImageSpec.ImageConfig(json: "{}") == ImageSpec.ImageConfig())
        for text in [
            "[]", #"{"images": {}}"#, #"{"images": [{"name": "a"}]}"#, #"{"default_image": 1}"#, #"{"x": 1}"#,
            #"{"images": [{"name": "a", "fqn": "b", "tag": "1", "digest": "sha256:0"}]}"#,
        ] {
            #expect(throws: ImageSpecError.self) { try ImageSpec.ImageConfig(json: text) }
        }
    }
}
