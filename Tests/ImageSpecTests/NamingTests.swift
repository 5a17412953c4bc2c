// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding
@testable import ImageSpecFlytekit

@Suite struct NamingTests {
    static let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "x86_64")

    @Test(arguments: [
        ("http://ghcr.io", "http://"), ("HTTPS://ghcr.io/acme", "HTTPS://"),
        ("docker://localhost:5000", "docker://"),
        ("https://user:secret@ghcr.io", "https://"),
    ])
    func theSchemeOfAURLIsToBeLeftOut(registry: String, scheme: String) {
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec(name: "a", registry: registry).imageName(in: Self.context)
        }
        #expect(error?.code == .invalidReference)
        #expect(
            error?.message.hasPrefix("registry: ") == true
                && error?.message.hasSuffix("must not be a URL; remove \"\(scheme)\"") == true,
            "\(error?.message ?? "")")
        #expect(error?.message.contains("secret") == false)
    }

    // The name, and how far off another may be.
    @Test(arguments: [
        ("nmae", "name"), ("Name", "name"), ("names", "name"), ("contxt", "context"), ("file", "files"),
        ("documnet", "document"), ("xyzzy", nil), ("", nil), (String(repeating: "name", count: 11), nil),
    ])
    func aSlipOfThePenHasANearestName(name: String, nearest: String?) {
        let names = ["name", "tag", "files", "document", "context"]
        #expect(Suggestion.nearest(to: name, among: names) == nearest)
    }

    @Test(arguments: [
        ("my app", "ghcr.io/acme", "name: \"my app\" contains a space; write \"my-app\""),
        ("My  App", "", "name: \"My  App\" contains a space; write \"my-app\""),
        (
            "my_-app", "ghcr.io/acme",
            "name: invalid image name \"ghcr.io/acme/my_-app\": \"my_-app\" must consist of"
        ),
        (
            "a", "u:secret@ghcr.io",
            "registry: the text before the @ could be a password; remove it, and use docker login"
        ),
        ("a", "localhost:99999/x", "registry: the port 99999 is out of range; use a port from 1 to 65535"),
        ("a", "ghcr.io:0", "registry: the port 0 is out of range"),
        ("a", "ghcr.io:123456789012345678901", "registry: the port 123456789012345678901 is out of range"),
    ])
    func aWrongNameSaysWhatIsWrong(name: String, registry: String, message: String) {
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec(name: name, registry: registry).imageName(in: Self.context)
        }
        #expect(error?.code == .invalidReference)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("secret") == false)
    }

    /// An address in brackets has colons that are not those of a port.
    @Test(arguments: ["[::1]", "[::1]:5000", "[::1]/a", "localhost:65535", "ghcr.io/a"])
    func aRegistryMayHaveAPort(registry: String) throws {
        #expect(
            try ImageSpec(name: "a", registry: registry).imageName(in: Self.context).hasPrefix(
                registry + "/a:"))
    }

    /// A platform that no image can have is refused where the name is made, not only where the image is built.
    @Test(arguments: [
        ("amd64", "\"amd64\" is not a valid platform; write \"linux/amd64\""),
        ("aarch64", "write \"linux/arm64\""),
        ("x86_64,arm64", "write \"linux/arm64\""),
        (
            "linux/x86_64",
            "names the architecture \"x86_64\", which is called \"amd64\" in image platforms; write \"linux/amd64\""
        ),
        ("linux/amd64, linux/aarch64", "write \"linux/arm64\""),
        ("linux/armhf", "write \"linux/arm/v7\""),
        ("darwin/arm64", "images are built for Linux; write \"linux/arm64\""),
        ("windows/amd64", "images are built for Linux; write \"linux/amd64\""),
        ("linx/amd64", "did you mean \"linux/amd64\"?"),
        ("linux/amd46", "did you mean \"amd64\"?"),
    ])
    func aWrongPlatformIsRefused(platform: String, message: String) throws {
        for spec in [
            ImageSpec(platform: platform), ImageSpec(baseImage: .spec(ImageSpec(platform: platform))),
        ] {
            for name in [{ try spec.tag(in: Self.context) }, { try spec.imageName(in: Self.context) }] {
                let error = try #require(throws: ImageSpecError.self) { try name() }
                #expect(error.code == .invalidField)
                #expect(
                    error.message.contains("platform: \"") && error.message.contains(message),
                    "\(error.message)")
            }
        }
    }

    @Test(arguments: [
        "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/riscv64", "linux/new64",
        "linux/amd64, linux/arm64", " linux/arm64 ,linux/amd64,", "",
    ])
    func aPlatformOfImagesIsAllowed(platform: String) throws {
        _ = try ImageSpec(platform: platform).tag(in: Self.context)
    }

    @Test(arguments: [
        ("{spec_hash}", 64, ""), ("{spec_hash:.8}", 8, ""), ("v1-{spec_hash:.12}-dev", 12, "-dev"),
        ("{spec_hash:.64}", 64, ""),
    ])
    func tagFormats(format: String, digits: Int, suffix: String) throws {
        let spec = ImageSpec(tagFormat: format)
        let identity = try spec.identity(in: Self.context)
        #expect(identity.tag.hasSuffix(identity.contentDigest.prefix(digits) + suffix))
        #expect(try spec.imageName(in: Self.context) == "flytekit:" + identity.tag)
    }

    @Test(arguments: [
        "", "x", "{", "}", "{}", "{{spec_hash}}", "{spec_hash", "{spec_hash!r}", "{spec_hash:.0}",
        "{spec_hash:.7}", "{spec_hash:.65}",
        "{spec_hash:.08}", "{spec_hash:.100}", "{spec_hash:}", "{spec_hash:.}", "{spec_hash:12}",
        "{Spec_hash}", "{spec_hash }",
        "{spec_hash:.12}-{x}", "{spec_hash:.+9}", "-{spec_hash}", ".{spec_hash}", "a b{spec_hash}",
        "é{spec_hash}",
        String(repeating: "a", count: 65) + "{spec_hash}", "{spec_hash}{spec_hash}x",
    ])
    func wrongTagFormats(format: String) {
        let spec = ImageSpec(tagFormat: format)
        if format.isEmpty {
            #expect(throws: Never.self) { try spec.tag(in: Self.context) }
        } else {
            let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: Self.context) }
            #expect(error?.code == .invalidField && error?.message.contains("tag_format") == true)
        }
    }

    /// A format is refused before any file is read, by its text alone, exactly where what it makes is no tag.
    @Test func aFormatIsRightWhereItMakesATag() throws {
        var random = SeededGenerator(state: 5)
        let pieces = [
            "{spec_hash}", "{spec_hash:.9}", "a", "Z", "0", "_", ".", "-", " ", "é", "/", "\n", "bcdefgh",
        ]
        for _ in 0..<4_000 {
            let format = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let digits = String(repeating: "0", count: 64)
            let tag = format.replacing("{spec_hash}", with: digits).replacing(
                "{spec_hash:.9}", with: "000000000")
            let isRight = format.contains("{") && ImageSpec.ImageReference.Grammar.isTag(tag)
            #expect((try? TagFormat(format).tag(specHash: digits)) == (isRight ? tag : nil))
        }
        let spec = ImageSpec(requirements: "not-there.txt", tagFormat: ".{spec_hash}")
        let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: Self.context) }
        #expect(error?.code == .invalidField)
    }

    @Test func theFormsWithoutArgumentReadTheProcess() throws {
        let spec = ImageSpec(name: "x", packages: ["a"])
        #expect(try spec.tag == spec.tag(in: .current))
        #expect(try spec.imageName() == "x:" + spec.tag)
        #expect(ImageSpec.Context.current.workingDirectory == FileManager.default.currentDirectoryPath)
    }

    // Inputs that cannot be used: the code, and a message that names the field, the path and where it counts from.
    @Test(
        arguments: [
            (
                ImageSpec(sourceRoot: "none"), ImageSpecError.Code.missingInput,
                ["source_root", "none\" does not exist"]
            ),
            (ImageSpec(sourceRoot: "file"), .missingInput, ["source_root", "file\" is not a directory"]),
            (ImageSpec(sourceRoot: "loop", sourceCopyMode: .all), .missingInput, ["source_root"]),
            (ImageSpec(sourceRoot: "a\u{0}b"), .missingInput, ["source_root"]),
            (
                ImageSpec(sourceCopyMode: .all), .invalidField,
                ["source_copy_mode: all requires source_root", "not set"]
            ),
            (
                ImageSpec(requirements: "none.txt"), .missingInput,
                ["requirements", "none.txt\" does not exist"]
            ),
            (ImageSpec(requirements: "folder"), .missingInput, ["requirements", "folder\" is not a file"]),
            (ImageSpec(requirements: "file/"), .missingInput, ["requirements"]),
            (ImageSpec(requirements: "latin1.txt"), .invalidRequirements, ["latin1.txt", "not valid UTF-8"]),
            (ImageSpec(requirements: "dangling.txt"), .missingInput, ["dangling.txt:1", "gone.txt"]),
            (
                ImageSpec(requirements: "absolute.txt"), .invalidRequirements,
                ["absolute.txt:2: ", "absolute path"]
            ),
            (
                ImageSpec(requirements: "open.txt"), .invalidRequirements,
                ["open.txt:1: ", "unclosed quote"]
            ),
            (
                ImageSpec(requirements: "nameless.txt"), .invalidRequirements,
                ["nameless.txt:3: ", "without a file name"]
            ),
            (ImageSpec(requirements: "lock/uv.lock"), .missingInput, ["pyproject.toml"]),
            (ImageSpec(copy: ["file", "/etc"]), .invalidField, ["copy", "\"/etc\" is absolute"]),
            (ImageSpec(copy: ["a/../file"]), .invalidField, ["copy", "contains \"..\""]),
            (ImageSpec(copy: [""]), .invalidField, ["copy", "is empty"]),
            (ImageSpec(copy: ["none"]), .missingInput, ["copy", "none\" does not exist"]),
            (ImageSpec(copy: ["pipe"]), .missingInput, ["copy", "pipe\" is not a file or directory"]),
            (
                ImageSpec(sourceRoot: "badignore", sourceCopyMode: .all), .invalidIgnoreFile,
                [".dockerignore:2", "[z-a]"]
            ),
            (ImageSpec(baseImage: .spec(ImageSpec(copy: ["none"]))), .missingInput, ["none"]),
        ] as [(ImageSpec, ImageSpecError.Code, [String])])
    func inputsThatCannotBeUsed(spec: ImageSpec, code: ImageSpecError.Code, fragments: [String]) throws {
        let folder = TemporaryFolder()
        try folder.write("file", "x")
        try folder.write("folder/x", "x")
        try folder.link("loop", to: "loop")
        try folder.pipe(Array("pipe".utf8))
        try folder.write(Array("latin1.txt".utf8), [0x61, 0xE9, 0x0A])
        try folder.write("dangling.txt", "-r gone.txt\n")
        try folder.write("absolute.txt", "a\n-r /etc/x\n")
        try folder.write("open.txt", "-r 'x\n")
        try folder.write("nameless.txt", "# a\n\n-c # b\n")
        try folder.write("lock/uv.lock", "")
        try folder.write("badignore/.dockerignore", "a\n[z-a]\n")
        let context = ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "")
        let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: context) }
        #expect(error?.code == code)
        for fragment in fragments {
            #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
        }
        if code == .missingInput {
            #expect(error?.message.contains(folder.path) == true, "\(error?.message ?? "")")
        }
    }

    @Test func howTheWorkingDirectoryIsSpelledPlaysNoPart() throws {
        let folder = TemporaryFolder()
        try folder.write("p/requirements.txt", "a==1\n-r ../p/other.txt\n-r other.txt\n")
        try folder.write("p/other.txt", "b==1\n")
        let spec = ImageSpec(requirements: "requirements.txt")
        let here = FileManager.default.currentDirectoryPath
        let places = [
            folder.path + "/p", folder.path + "/p/", folder.path + "/./q/../p",
            Path.relative(folder.path + "/p", from: here),
            "./" + Path.relative(folder.path + "/p", from: here),
        ]
        let tags = try places.map { try spec.tag(in: .init(workingDirectory: $0, hostArchitecture: "")) }
        #expect(Set(tags).count == 1)
        let files = try spec.inputs(in: .init(workingDirectory: places[3], hostArchitecture: "")).files
        #expect(files.map(\.path) == ["other.txt", "requirements.txt"])
    }

    @Test func aMissingModuleIsMissedHoweverTheProjectIsReached() throws {
        let folder = TemporaryFolder()
        try folder.write("real/src/a.py", "")
        try folder.link("link", to: "real")
        let spec = ImageSpec(sourceRoot: "src")
        for (place, module) in [
            ("real", "src/gone/x.py"), ("link", "src/gone/x.py"),
            ("link", folder.path + "/link/src/gone/deep/x.py"),
            ("link", folder.path + "/real/src/gone/x.py"), ("link", "src/x.py"),
        ] {
            let context = ImageSpec.Context(
                workingDirectory: folder.path + "/" + place, hostArchitecture: "", loadedModules: [module])
            let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: context) }
            #expect(error?.code == .missingInput && error?.message.contains("x.py") == true)
        }
        for module in ["gone/x.py", "/gone/x.py", "src2/gone/x.py", folder.path + "/gone/x.py"] {
            let context = ImageSpec.Context(
                workingDirectory: folder.path + "/link", hostArchitecture: "", loadedModules: [module])
            #expect(throws: Never.self) { try spec.tag(in: context) }
        }
    }

    @Test func noCredentialStandsInAMessage() throws {
        let folder = TemporaryFolder()
        try folder.write("r.txt", "--index-url https://u:s3cret@h/simple\nsix\n")
        let context = ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "")
        for spec in [
            ImageSpec(registry: "user:s3cret@ghcr.io/acme"), ImageSpec(name: "https://u:s3cret x@h"),
            ImageSpec(pipIndex: "https://u:s3cret@h"), ImageSpec(requirements: "r.txt"),
            ImageSpec(packages: ["x @ https://u:s3cret@h/x.whl"]),
        ] {
            let error = #expect(throws: ImageSpecError.self) { try spec.validate(in: context) }
            #expect(error?.message.contains("s3cret") == false, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: ["uv.lock/.", "x/../uv.lock", "./uv.lock", "poetry.lock/../uv.lock"])
    func aLockFileIsOneHoweverItIsSpelled(path: String) throws {
        let folder = TemporaryFolder()
        try folder.write("uv.lock", "")
        try folder.write("pyproject.toml", "")
        let context = ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "")
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec(packages: ["numpy"], requirements: path).validate(in: context)
        }
        #expect(error?.message.contains("packages: cannot be combined with the lock file uv.lock") == true)
    }

    @Test func aTextThatIsTooLargeToBeOneIsRefused() throws {
        let folder = TemporaryFolder()
        try folder.write("huge.txt", "")
        #expect(truncate(folder.path + "/huge.txt", 1 << 42) == 0)
        let context = ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "")
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec(requirements: "huge.txt").tag(in: context)
        }
        #expect(error?.code == .unreadableInput && error?.message.contains("too large") == true)
        #expect(throws: ImageSpecError.self) { try ImageSpec(jsonContentsOf: folder.path + "/huge.txt") }
    }

    @Test func aCyclicIncludeIsReadOnce() throws {
        let folder = TemporaryFolder()
        try folder.write("a.txt", "-r b.txt\nnumpy\n")
        try folder.write("b.txt", "-r a.txt\n-r ./b.txt\npandas\n")
        let files = try RequirementFiles(
            "a.txt", workingDirectory: folder.path, in: Boundary(projects: [Array(folder.path.utf8)])
        ).files
        #expect(files.map(\.name) == ["a.txt", "b.txt"])
    }

    // Logical lines: pip's reading, and what identity.md fixes.
    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a\nb\r\nc\rd", ["a", "b", "c", "d"]),
        ("  a \t\n\n#x\n b#c\n b #c", ["a", "b#c", "b"]),
        ("a\\\nb", ["ab"]), ("a \\\n  b", ["a   b"]), ("a\\", ["a"]), ("a\\\n", ["a"]),
        ("a\\\n# c\nb", ["a", "b"]),
        ("# c \\\nb", ["b"]), ("a # c \\\nb\nd", ["a", "d"]), ("\u{FEFF}a", ["a"]),
        ("\u{FEFF}\u{FEFF}a", ["\u{FEFF}a"]),
        ("a\u{b}\u{c}", ["a"]), ("a\u{85}b\u{2028}c", ["a\u{85}b\u{2028}c"]), ("\\\na", ["a"]),
        ("a\\\\\nb", ["a\\b"]),
    ])
    func logicalLines(text: String, expected: [String]) throws {
        let lines = try PipRequirements(Array(text.utf8), path: "r.txt").logicalLines()
        #expect(lines.map { String(decoding: $0.text, as: UTF8.self) } == expected)
    }

    @Test(
        arguments: [
            ("-r a.txt", "a.txt"), ("-ra.txt", "a.txt"), ("-r=a.txt", "a.txt"), ("-c \t a.txt # x", "a.txt"),
            ("--requirement a", "a"), ("--requirement=a", "a"), ("--constraint 'a b'", "a b"),
            ("-r \"a'b\" c", "a'b"),
            ("--requirements a", nil), ("-e ./x", nil), ("numpy -r a", nil), ("-r http://x/a", nil),
            ("-r HTTPS://x", nil),
            ("-r file:///x", nil), ("-r http:\u{301}/x", nil), ("-r http/x", "http/x"),
            ("--constraintx", nil), ("-r ../a.txt", "../a.txt"),
        ] as [(String, String?)])
    func includes(line: String, expected: String?) throws {
        let requirements = PipRequirements(Array(line.utf8), path: "r.txt")
        let logical = try requirements.logicalLines()
        #expect(try requirements.included(by: logical[0]) == expected)
    }

    @Test(arguments: [
        ("a//b/./c/", "a/b/c", "a/b/c"), (".", ".", "."), ("", "", "."), ("/", "/", "/"), ("//a", "/a", "/a"),
        ("a/../b", "a/../b", "b"),
        ("../a", "../a", "../a"), ("a/../../b", "a/../../b", "../b"), ("/../a", "/../a", "/a"),
        ("./", ".", "."), ("/.", "/", "/"), ("a/.", "a", "a"), ("./a", "a", "a"), ("a/b", "a/b", "a/b"),
        (".a/b.", ".a/b.", ".a/b."), ("/a/b", "/a/b", "/a/b"), ("a/", "a", "a"), ("...", "...", "..."),
    ])
    func paths(path: String, normalized: String, lexically: String) {
        #expect(Path.normalized(path) == normalized)
        #expect(Path.lexicallyNormalized(path) == lexically)
    }

    @Test(arguments: [
        ("https://u:p@h/x", "https://h/x"), ("https://h/x@y", "https://h/x@y"),
        ("https://a@b@h", "https://h"),
        ("u:p@h", "u:p@h"), ("//u@h", "//u@h"), ("1http://u@h", "1http://u@h"),
        ("git+ssh://git@h/x", "git+ssh://h/x"),
        ("https://h?u@x", "https://h?u@x"), ("https://@h", "https://h"), ("https://é@h", "https://h"),
    ])
    func userInfoIsLeftOut(url: String, expected: String) {
        #expect(URLUserInfo.removed(from: url) == expected)
    }

    // Only user names of ssh are no secret, and those never with a password.
    @Test(arguments: [
        ("ssh://alice@h/x", false), ("git+ssh://git@h/x", false), ("SSH://alice@h", false),
        ("a @ git+ssh://git@h/x", false), ("https://h/x@y", false), ("ssh://h:22/x", false),
        ("ssh://bob:PASSWORD@h", true), ("ssh://bob%3APASSWORD@h", true), ("nossh://TOKEN@h", true),
        ("hg+ssh://user@h", true), ("git+git+ssh://user@h", true), ("https://TOKEN@h", true),
        ("git+https://TOKEN@h/x", true), ("x.ssh://user@h", true), ("--index-url=https://u@h", true),
    ])
    func onlyUserNamesOfSSHAreNoSecret(text: String, isSecret: Bool) {
        #expect(URLUserInfo.hasSecret(Array(text.utf8)) == isSecret)
        for spec in [ImageSpec(packages: [text]), ImageSpec(pipExtraArgs: text)] {
            let isFound = spec.problems(in: .current).contains { $0.message.contains("credentials") }
            #expect(isFound == isSecret, "\(spec)")
        }
    }

    // A tag does not depend on the user info of indexes, so no Dockerfile may.
    @Test(arguments: ["ssh://alice@h/x", "https://alice@h/x", "git+ssh://a@h", "nossh://a@h", "ssh://u:P@h"])
    func noIndexHasUserInfo(url: String) throws {
        let folder = TemporaryFolder()
        try folder.write("r.txt", "six\n--extra-index-url \(url)\n")
        let context = ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "x86_64")
        for spec in [
            ImageSpec(packages: ["six"], pipIndex: url),
            ImageSpec(packages: ["six"], pipExtraIndexURLs: [url]),
            ImageSpec(packages: ["six"], pipExtraArgs: "--find-links \(url)"),
            ImageSpec(packages: ["six"], pipExtraArgs: "--index=\(url)"),
            ImageSpec(condaChannels: [url]), ImageSpec(requirements: "r.txt"),
            ImageSpec(builder: "envd", requirements: "r.txt"),
        ] {
            let problems = spec.problems(in: context)
            #expect(problems.contains { $0.message.contains("the URL contains credentials") }, "\(spec)")
            #expect(!problems.contains { $0.message.contains("alice") })
        }
    }
}
