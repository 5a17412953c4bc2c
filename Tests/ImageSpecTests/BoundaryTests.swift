// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpecFlytekit
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// A spec from a stranger reads no file outside its project, unless the caller allows it.
@Suite struct BoundaryTests {
    private let folder = TemporaryFolder()

    init() throws {
        try folder.write("outside/secret", "hunter2")
        try folder.write("outside/secrets/a", "hunter2")
        try folder.write("outside/r.txt", "six\n")
        try folder.write("outside/base.json", #"{"packages": ["hunter2"]}"#)
        try folder.write("project/src/main.py", "import x")
        try folder.write("project/shared/x.py", "x")
        try folder.write("project/r.txt", "six\n")
    }

    private func context(
        _ directory: String = "project", within: [String] = [], cache: ImageSpec.DigestCache = .off
    ) -> ImageSpec.Context {
        ImageSpec.Context(
            workingDirectory: folder.path + "/" + directory, hostArchitecture: "x86_64", digestCache: cache,
            within: within.map { folder.path + "/" + $0 })
    }

    /// A spec in the project, the path that it names, and what that leads to; before "; ", links as `NAME -> TARGET`.
    struct Case: CustomTestStringConvertible {
        var links: [(name: String, target: String)] = []
        let spec: ImageSpec
        let field: String
        let target: String
        var testDescription: String { "\(field) leads to \(target)" }
    }

    static let cases = [
        Case(
            links: [("src/x", "../../outside/secret")],
            spec: ImageSpec(sourceRoot: "src", sourceCopyMode: .all), field: "source_root",
            target: "outside/secret"),
        Case(
            links: [("src/a/b.py", "../hop"), ("src/hop", "../../outside/secret")],
            spec: ImageSpec(sourceRoot: "src"), field: "source_root", target: "outside/secret"),
        Case(
            spec: ImageSpec(sourceRoot: "../outside", sourceCopyMode: .all), field: "source_root",
            target: "outside"),
        Case(
            links: [("lib", "../outside/secrets")],
            spec: ImageSpec(sourceRoot: "lib", sourceCopyMode: .all), field: "source_root",
            target: "outside/secrets"),
        Case(
            links: [("x", "../outside/secret")], spec: ImageSpec(copy: ["x"]), field: "copy[0]",
            target: "outside/secret"),
        Case(
            links: [("x", "../outside")], spec: ImageSpec(copy: ["x/secret"]), field: "copy[0]",
            target: "outside/secret"),
        Case(
            links: [("x", "../outside/secrets")], spec: ImageSpec(copy: ["x"]), field: "copy[0]",
            target: "outside/secrets"),
        Case(
            links: [("d/x", "../../outside/secret")], spec: ImageSpec(copy: ["d"]), field: "copy[0]",
            target: "outside/secret"),
        Case(
            spec: ImageSpec(requirements: "../outside/r.txt"), field: "requirements", target: "outside/r.txt"),
        Case(
            links: [("q.txt", "../outside/r.txt")], spec: ImageSpec(requirements: "q.txt"),
            field: "requirements", target: "outside/r.txt"),
    ]

    @Test(arguments: cases) func aPathThatLeadsOutIsRefused(_ test: Case) throws {
        for link in test.links { try folder.link("project/" + link.name, to: link.target) }
        let target = folder.path + "/" + test.target
        let directory =
            target.hasSuffix("outside") || target.hasSuffix("secrets")
            ? target : (target as NSString).deletingLastPathComponent
        // As the base of another spec, too.
        for spec in [test.spec, ImageSpec(baseImage: .spec(test.spec))] {
            let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: context()) }
            #expect(error?.code == .outsideProject)
            #expect(error?.problems[0].field == test.field)
            #expect(error?.message.contains("\"\(target)\"") == true, "\(error?.message ?? "")")
            #expect(error?.problems[0].fix?.action == .allowDirectory(directory))
            #expect(throws: ImageSpecError.self) { try spec.inputs(in: context()) }
            #expect(throws: ImageSpecError.self) { try ImageSpec.BuildContext(spec, in: context()) }
        }
        // With the directory that the fix names, or one around it, there is a tag.
        for within in [directory, folder.path, "/"] {
            var allowed = context()
            allowed.within = [within]
            #expect(try test.spec.tag(in: allowed).utf8.count == 64)
            let inputs = try test.spec.inputs(in: allowed)
            #expect(
                inputs.files.contains { $0.outside == target || $0.outside?.hasPrefix(target + "/") == true })
            #expect(inputs.warnings.count == inputs.files.count { $0.outside != nil })
            #expect(inputs.warnings.first?.description.contains("outside the project directory") == true)
        }
    }

    @Test func includedRequirementsAndLockFilesAreInTheProject() throws {
        try folder.write("project/i.txt", "-r ../outside/r.txt\n")
        try folder.write("project/c.txt", "six\n-c c2.txt\n")
        try folder.link("project/c2.txt", to: "../outside/r.txt")
        try folder.write("project/uv.lock", "version = 1\n")
        try folder.link("project/pyproject.toml", to: "../outside/secret")
        for file in ["i.txt", "c.txt", "uv.lock"] {
            let error = #expect(throws: ImageSpecError.self) {
                try ImageSpec(requirements: file).tag(in: context())
            }
            #expect(error?.code == .outsideProject, "\(file)")
            #expect(error?.message.contains("hunter2") == false)
        }
    }

    @Test func basesInFilesAreInTheProject() throws {
        try folder.write("project/a.json", #"{"base_image": "./b.json"}"#)
        try folder.link("project/b.json", to: "../outside/base.json")
        let path = folder.path + "/project/a.json"
        let error = #expect(throws: ImageSpecError.self) { try ImageSpec(jsonContentsOf: path) }
        #expect(error?.code == .outsideProject)
        #expect(error?.message.contains("hunter2") == false)
        #expect(error?.problems[0].file == path)
        _ = try ImageSpec(jsonContentsOf: path, within: [folder.path + "/outside"])
        // The spec itself may be a link: the caller named it.
        try folder.link("project/c.json", to: "../outside/base.json")
        _ = try ImageSpec(jsonContentsOf: folder.path + "/project/c.json")
    }

    @Test func secretsOutsideAreAProblemOfBuilds() throws {
        try folder.link("project/token", to: "../outside/secret")
        try folder.write("project/own", "secret")
        for (source, isRefused) in [
            ("../outside/secret", true), (folder.path + "/outside/secret", true), ("token", true),
            ("own", false),
        ] {
            let spec = ImageSpec(
                packages: ["six"], pipSecretMounts: [.init(source: source, target: "/root/.netrc")])
            #expect(spec.problems(in: context()).map(\.code) == (isRefused ? [.outsideProject] : []))
            #expect(spec.problems(in: context(within: ["outside"])).isEmpty)
            #expect(spec.warnings(in: context(within: ["outside"])).count == (isRefused ? 1 : 0))
        }
    }

    @Test func aGitWorkTreeIsOneProject() throws {
        try folder.folder("mono/.git")
        try folder.write("mono/images/requirements.txt", "six\n")
        try folder.write("mono/libs/src/x.py", "x")
        try folder.write("mono/team/train/main.py", "main")
        try folder.link("mono/libs/src/y.py", to: "../../team/train/main.py")
        try folder.link("mono/team/train/base.json", to: "../../images/base.json")
        try folder.write("mono/images/base.json", #"{"packages": ["six"]}"#)
        try folder.write("mono/team/train/spec.json", #"{"base_image": "./base.json"}"#)
        _ = try ImageSpec(jsonContentsOf: folder.path + "/mono/team/train/spec.json")
        let spec = ImageSpec(
            sourceRoot: "../../libs/src", requirements: "../../images/requirements.txt", sourceCopyMode: .all)
        #expect(try spec.tag(in: context("mono/team/train")).utf8.count == 64)
        // An inner work tree, such as a submodule, is a project of its own.
        try folder.write("mono/team/.git", "gitdir: elsewhere")
        #expect(throws: ImageSpecError.self) { try spec.tag(in: context("mono/team/train")) }
        #expect(try spec.tag(in: context("mono/team/train", within: ["mono"])).utf8.count == 64)
    }

    @Test func namesThatOnlyBeginLikeTheProjectAreOutside() throws {
        try folder.write("project-2/r.txt", "six\n")
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec(requirements: "../project-2/r.txt").tag(in: context())
        }
        #expect(error?.code == .outsideProject)
        #expect(error?.message.contains("leads to") == false)
        let root = Boundary(projects: [[UInt8(ascii: "/")]])
        #expect(root.contains(Array("/etc".utf8)) && root.contains([UInt8(ascii: "/")]))
    }

    /// Files are entries of the cache only within the boundary of the run that recorded them.
    @Test func theCacheAllowsNothing() throws {
        for file in 0..<300 { try folder.write("project/src/f\(file)", "\(file)") }
        try folder.link("project/src/x", to: "../../outside/secret")
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let cache = ImageSpec.DigestCache.directory(folder.path + "/cache")
        // So that the files are older than the run.
        let past = Date(timeIntervalSinceNow: -100)
        for path in ["project/src", "outside/secret"] {
            try FileManager.default.setAttributes(
                [.modificationDate: past], ofItemAtPath: folder.path + "/" + path)
        }
        let allowed = context(within: ["outside"], cache: cache)
        let tag = try spec.tag(in: allowed)
        for _ in 0..<3 {
            #expect(try spec.tag(in: allowed) == tag)
            let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: context(cache: cache)) }
            #expect(error?.code == .outsideProject)
        }
    }

    // A home directory that is a git work tree, as for configuration files, is not a project.
    @Test func aHomeDirectoryIsNotAProject() throws {
        try folder.folder("home/.git")
        try folder.write("home/.netrc", "hunter2")
        try folder.link("home/project/src/x", to: "../../.netrc")
        let tool = folder.path + "/home/project"
        #expect(Boundary.project(of: tool, within: []).projects == [Array((folder.path + "/home").utf8)])
        #expect(
            Boundary.project(of: tool, within: [], home: folder.path + "/home").projects == [Array(tool.utf8)]
        )
        #expect(
            Boundary.project(of: folder.path + "/home", within: [], home: folder.path + "/home").projects
                == [Array((folder.path + "/home").utf8)])
    }

    @Test func flytekitsNamesHaveTheSameBoundary() throws {
        let root = folder.path + "/project/src"
        try folder.link("project/src/x", to: "../../outside/secret")
        try folder.link("project/r2.txt", to: "../outside/r.txt")
        var modules = context()
        modules.loadedModules = ["src/x"]
        for (spec, context) in [
            (ImageSpec(sourceRoot: root, sourceCopyMode: .all), context()),
            (ImageSpec(sourceRoot: root), modules), (ImageSpec(copy: ["src"]), context()),
            (ImageSpec(copy: ["src/x"]), context()), (ImageSpec(requirements: "r2.txt"), context()),
        ] {
            let scheme = ImageSpec.HashScheme.flytekit(gitIgnored: .nothing)
            let error = #expect(throws: ImageSpecError.self) { try spec.tag(scheme: scheme, in: context) }
            #expect(error?.code == .outsideProject, "\(spec)")
            var allowed = context
            allowed.within = [folder.path + "/outside"]
            _ = try spec.tag(scheme: scheme, in: allowed)
        }
    }

    @Test func thePathOfAnOpenFileIsReal() throws {
        try folder.link("link", to: "outside/secret")
        let path = Array((folder.path + "/link").utf8)
        let descriptor = FileSystem.withCPath(path) { open($0, O_RDONLY) }
        defer { close(descriptor) }
        #expect(
            try FileSystem.realPath(ofDescriptor: descriptor, openedAs: path)
                == Array((folder.path + "/outside/secret").utf8))
    }
}
