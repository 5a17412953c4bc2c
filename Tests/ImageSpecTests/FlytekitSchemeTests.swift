// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecFlytekit

/// The scheme's inputs: git's answer, loaded modules, the context.
@Suite struct FlytekitSchemeTests {
    private static func context(_ folder: TemporaryFolder, modules: [String]? = nil) -> ImageSpec.Context {
        ImageSpec.Context(
            workingDirectory: folder.path, hostArchitecture: "x86_64", loadedModules: modules)
    }

    private func ignored(_ folder: String, _ listing: ImageSpec.GitIgnored.Listing) -> ImageSpec.GitIgnored {
        var ignored = ImageSpec.GitIgnored()
        ignored[folder] = listing
        return ignored
    }

    @Test func theDefaultSchemeIsThePackagesOwn() throws {
        let spec = ImageSpec(name: "app", packages: ["numpy"])
        let context = Self.context(TemporaryFolder())
        #expect(try spec.id(scheme: .sha256, in: context) == spec.id)
        #expect(try spec.tag(scheme: .sha256, in: context) == spec.tag(in: context))
        #expect(try spec.imageName(scheme: .sha256, in: context) == spec.imageName(in: context))
        #expect(try spec.tag(scheme: .flytekit, in: context) != spec.tag(in: context))
    }

    @Test func aWholeSourceRootNeedsGitsAnswerAndNothingElseDoes() throws {
        let folder = TemporaryFolder()
        try folder.write("src/a.py", "1")
        let context = Self.context(folder)
        let all = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let error = #expect(throws: ImageSpecError.self) { try all.tag(scheme: .flytekit, in: context) }
        #expect(error?.code == .missingInput)
        #expect(error?.message.contains("gitIgnored") == true)
        let outer = ImageSpec(baseImage: .spec(all), sourceCopyMode: .noCopy)
        #expect(throws: ImageSpecError.self) { try outer.tag(scheme: .flytekit, in: context) }
        #expect(outer.directoriesRequiringGitIgnore(in: context) == [folder.path + "/src"])
        #expect(try !outer.id(scheme: .flytekit, in: context).isEmpty)

        let known = ImageSpec.HashScheme.flytekit(gitIgnored: ignored(folder.path + "/src", .nothing))
        let nothing = ImageSpec.HashScheme.flytekit(gitIgnored: .nothing)
        #expect(try outer.tag(scheme: known, in: context) == outer.tag(scheme: nothing, in: context))
        let other = ImageSpec.HashScheme.flytekit(gitIgnored: ignored(folder.path + "/other", .nothing))
        #expect(throws: ImageSpecError.self) { try outer.tag(scheme: other, in: context) }
    }

    @Test func gitsListingLeavesFilesOutWhereThePathIsTheSame() throws {
        let folder = TemporaryFolder()
        try folder.write("src/a.py", "1")
        try folder.write("src/b.txt", "2")
        let context = Self.context(folder)
        func tag(_ root: String, _ listing: String) throws(ImageSpecError) -> String {
            let spec = ImageSpec(sourceRoot: root, sourceCopyMode: .all)
            let place = spec.directoriesRequiringGitIgnore(in: context)[0]
            return try spec.tag(
                scheme: .flytekit(gitIgnored: ignored(place, .init(files: Array(listing.utf8)))), in: context)
        }
        let absolute = folder.path + "/src"
        #expect(try tag(absolute, "b.txt\n") != tag(absolute, ""))
        #expect(try tag(absolute, "c.txt\n") == tag(absolute, ""))
        // A line that does not end is none.
        #expect(try tag(absolute, "b.txt") == tag(absolute, ""))
        // The rules see src/b.txt.
        #expect(try tag("src", "b.txt\n") == tag("src", ""))
        #expect(try tag("src", "src/b.txt\n") != tag("src", ""))
    }

    @Test func foldersAreToldApartByTheirBytes() {
        var ignored = ImageSpec.GitIgnored()
        ignored["/\u{E9}"] = .init(files: [0x61, 0x0A])
        #expect(ignored["/e\u{301}"] == nil)
        ignored["/e\u{301}"] = .nothing
        #expect(ignored["/\u{E9}"] == .init(files: [0x61, 0x0A]))
        #expect(ImageSpec.GitIgnored.nothing["/anywhere"] == .nothing)
    }

    @Test func gitsListingMustBeUTF8() throws {
        let folder = TemporaryFolder()
        try folder.write("src/a.py", "1")
        let spec = ImageSpec(sourceRoot: folder.path + "/src", sourceCopyMode: .all)
        let listing = ImageSpec.GitIgnored.Listing(files: [0xFF, 0x0A])
        let error = #expect(throws: ImageSpecError.self) {
            try spec.tag(
                scheme: .flytekit(gitIgnored: ignored(folder.path + "/src", listing)),
                in: Self.context(folder))
        }
        #expect(error?.message.contains("UnicodeDecodeError") == true)
    }

    @Test func aModuleThatWasLoadedTwiceCountsTwice() throws {
        let folder = TemporaryFolder()
        try folder.write("src/a.py", "1")
        try folder.write("src/b.py", "2")
        let spec = ImageSpec(sourceRoot: folder.path + "/src")
        func tag(_ modules: [String]?) throws(ImageSpecError) -> String {
            try spec.tag(scheme: .flytekit, in: Self.context(folder, modules: modules))
        }
        #expect(try tag(["src/a.py", "src/b.py"]) == tag(["src/b.py", folder.path + "/src/a.py"]))
        #expect(try tag(["src/a.py", "src/a.py"]) != tag(["src/a.py"]))
        #expect(try tag(["elsewhere.py"]) == tag([]))
        let error = #expect(throws: ImageSpecError.self) { try tag(nil) }
        #expect(error?.code == .missingInput)
        // No module lies in a relative source root.
        let relative = ImageSpec(sourceRoot: "src")
        #expect(try !relative.tag(scheme: .flytekit, in: Self.context(folder)).isEmpty)
    }

    @Test func pipesAreRefusedWhereFlytekitWouldWait() throws {
        let folder = TemporaryFolder()
        try folder.pipe(Array("src/pipe".utf8))
        try folder.link("null/null", to: "/dev/null")
        let context = Self.context(folder)
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let error = #expect(throws: ImageSpecError.self) {
            try spec.tag(scheme: .flytekit(gitIgnored: .nothing), in: context)
        }
        #expect(error?.code == .unreadableInput)
        #expect(throws: ImageSpecError.self) {
            try ImageSpec(copy: ["src"]).tag(scheme: .flytekit, in: context)
        }
        #expect(try !ImageSpec(copy: ["null"]).tag(scheme: .flytekit, in: context).isEmpty)
    }

    @Test func theRegistrysTextInAnErrorHasNoPassword() {
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec(registry: "https://user:secret@example.com").id(scheme: .flytekit)
        }
        #expect(error?.code == .invalidField)
        #expect(error?.message.contains("secret") == false)
    }

    /// What the pattern of docker-py leaves out, by itself.
    @Test(arguments: [
        ("*.txt", "a.TXT", true), ("*.txt", "b/a.txt", false), ("**/x", "x", true), ("**/x", "a/b/x", true),
        ("**/x", "a/x/y", true), ("**/x", "a/b/x/y", false), ("x", "x/y/z", true), ("a/b", "a/b/c", true),
        ("a/../b", "b", true), ("../b", "b", true), ("[!a]", "b", true), ("[^a]", "b", false),
        ("[^a]", "^", true),
        ("[]a]", "]", true), ("[a", "[a", true), ("[a-c]x", "bx", true), ("[a-]", "-", true),
        ("[\\]", "\\", true),
        ("a\\*", "a\\b", true), ("a*", "a\n", true), ("a", "a\n", true), ("**", "a\nb/c", false),
        ("?", "/", false),
        ("[/]", "a", false), ("İ", "i\u{307}", true), ("a[b/c]d", "a/d", true), ("# a", "a", false),
        (" # a ", "# a", true),
        ("!\n*", ".dockerignore", false), ("x\ry", "y", true), ("\u{3000}x\u{85}", "x", true),
        ("/x/", "x", true),
    ])
    func patternsMatchAsInDockerPy(text: String, path: String, isLeftOut: Bool) throws {
        let patterns = DockerPyPatterns(text)
        #expect(try patterns.leavesOut(PythonText(fileName: Array(path.utf8))) == isLeftOut)
    }

    @Test func aWrongRangeIsAnErrorOnceAPathIsCompared() {
        let patterns = DockerPyPatterns("[z-a]")
        let error = #expect(throws: ImageSpecError.self) { try patterns.leavesOut(PythonText("x")) }
        #expect(error?.code == .invalidIgnoreFile)
        #expect(error?.message.contains("re.error") == true)
    }
}
