// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import ImageSpecDrafting
import ImageSpecYAML

@testable import ContentTree

extension ErrorArea {
    /// A spec file a.yaml whose base is a file.
    private static func base(_ factory: String, _ files: [String: String]) -> ErrorCase {
        let shown = files.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return ErrorCase(factory, shown.joined(separator: "; ")) { scene in
            try scene.write(files)
            _ = try ImageSpec(contentsOf: scene.path("a.yaml"))
        }
    }

    /// A spec that names a file outside of its project.
    private static func outside(_ input: String, _ yaml: String) -> ErrorCase {
        ErrorCase("outside", input) { scene in
            try scene.write(["r.txt": "six", "p/src/a": ""])
            for link in ["p/src/x", "p/x"] {
                try FileManager.default.createSymbolicLink(
                    atPath: scene.path(link), withDestinationPath: scene.path("r.txt"))
            }
            var context = scene.context
            context.workingDirectory = scene.path("p")
            let spec = try ImageSpec(yaml: yaml)
            _ = try spec.tag(in: context)
            if let error = spec.problems(in: context).first { throw error }
        }
    }

    /// Files that a spec names, and the spec file.
    static let files = ErrorArea(
        name: "files",
        cases: [
            .spec("missing", "source_root: src"), .spec("missing", "copy: [conf]"),
            .spec("missing", "requirements: r.txt"),
            .spec("missing", "requirements: r.txt", files: ["r.txt": "-r s.txt"]),
            .spec("missing", "requirements: uv.lock", files: ["uv.lock": ""]),
            .spec("wrongKind", "source_root: src", files: ["src": ""]),
            .spec("wrongKind", "requirements: src", files: ["src/a": ""]),
            .spec("wrongKind", "requirements: r.txt/"),
            .spec("urlAsPath", "requirements: https://h/a/requirements.txt"),
            .spec("urlAsPath", "source_root: git+https://h/a.git"),
            .spec("urlAsPath", "copy: ['s3://bucket/a']"),
            .spec("urlAsPath", "requirements: file:///srv/r.txt"),
            ErrorCase("unreadable", "requirements: r.txt, which has a gigabyte") { scene in
                try scene.writeHole("r.txt", size: 1 << 30)
                _ = try ImageSpec(requirements: "r.txt").imageName(in: scene.context)
            },
            ErrorCase("fileTooLarge", "source_root: src, which has a file of more than 1 TiB") { scene in
                try scene.write(["src/a": ""])
                try scene.writeHole("src/big", size: (1 << 40) + 1)
                _ = try ImageSpec(sourceRoot: "src", sourceCopyMode: .all).imageName(in: scene.context)
            },
            ErrorCase("pathTooLong", "copy: [conf], with a path of 3,764 bytes") { scene in
                let path = Array(repeating: String(repeating: "d", count: 250), count: 15).joined(
                    separator: "/")
                try FileManager.default.createDirectory(
                    atPath: scene.path("conf/" + path), withIntermediateDirectories: true)
                _ = try ImageSpec(copy: ["conf"]).imageName(in: scene.context)
            },
            ErrorCase("cannotUse", "copy: [a], which is a pipe") { scene in
                guard mkfifo(scene.path("a"), 0o644) == 0 else { return }
                _ = try ImageSpec(copy: ["a"]).imageName(in: scene.context)
            },
            outside(
                "source_root: src, where src/x leads to a file outside",
                "source_root: src\nsource_copy_mode: all"),
            outside("requirements: ../r.txt", "requirements: ../r.txt"),
            outside("copy: [x], a link to a file outside", "copy: [x]"),
            outside("a secret outside", "packages: [six]\npip_secret_mounts: [[../r.txt, /root/.netrc]]"),
            ErrorCase("outside", "base_image: ./b.yaml, a link to a file outside") { scene in
                try scene.write(["r.txt": "", "p/a.yaml": "base_image: ./b.yaml"])
                try FileManager.default.createSymbolicLink(
                    atPath: scene.path("p/b.yaml"), withDestinationPath: "../r.txt")
                _ = try ImageSpec(contentsOf: scene.path("p/a.yaml"))
            },
            ErrorCase("cannotUseSpec", "a spec file that is not there") { scene in
                _ = try ImageSpec(jsonContentsOf: scene.path("spec.json"))
            },
            ErrorCase("cannotUseSpec", "a spec file that is a folder") { scene in
                _ = try ImageSpec(jsonContentsOf: scene.folder)
            },
            ErrorCase("cannotUseSpec", "a base file that is a pipe") { scene in
                try scene.write(["a.yaml": "base_image: ./b.yaml"])
                guard mkfifo(scene.path("b.yaml"), 0o644) == 0 else { return }
                _ = try ImageSpec(contentsOf: scene.path("a.yaml"))
            },
            ErrorCase("cannotUseSpec", "a spec file of a gigabyte") { scene in
                try scene.writeHole("spec.json", size: 1 << 30)
                _ = try ImageSpec(jsonContentsOf: scene.path("spec.json"))
            },
            ErrorCase("missingModule", "a loaded module src/a.py that is not there") { scene in
                try scene.write(["src/b.py": ""])
                var context = scene.context
                context.loadedModules = ["src/a.py"]
                _ = try ImageSpec(sourceRoot: "src").imageName(in: context)
            },
            .name("invalidCopyPath", "copy: ['']"), .name("invalidCopyPath", "copy: [/etc/passwd]"),
            .name("invalidCopyPath", "copy: [../a]"),
            ErrorCase("invalidRequirements", "requirements: r.txt, which is not UTF-8") { scene in
                try scene.write("r.txt", [0xFF])
                _ = try ImageSpec(requirements: "r.txt").imageName(in: scene.context)
            },
            .name("invalidRequirements", "requirements: r.txt", files: ["r.txt": "numpy\n-r"]),
            .name("invalidRequirements", "requirements: r.txt", files: ["r.txt": "-r 'a.txt"]),
            .name("invalidRequirements", "requirements: r.txt", files: ["r.txt": "-c /etc/a.txt"]),
            .spec("requirementEndsInBackslash", "requirements: r.txt", files: ["r.txt": "numpy\\ # why"]),
            ErrorCase(
                "includeThroughOwnFolder", "requirements: p/r.txt; p/r.txt: \"-r ../p/s.txt\"; p/s.txt: \"\""
            ) { scene in
                try scene.write([
                    "p/r.txt": "-r ../p/t/../s.txt\n-r ../x.txt", "p/s.txt": "", "x.txt": "-r p/s.txt",
                ])
                try ImageSpec(requirements: "p/r.txt").validate(in: scene.context)
            },
            base("baseFileAsImage", ["a.yaml": "base_image: b.yaml", "b.yaml": "{}"]),
            base("baseIsNoFile", ["a.yaml": "base_image: ./"]),
            base("baseIsNoFile", ["a.yaml": "base_image: {base_image: ../b/}"]),
            base("cannotUseSpec", ["a.yaml": "base_image: {base_image: ./b/c.yaml}"]),
            base("baseOfItself", ["a.yaml": "base_image: ./a.yaml"]),
            base("baseOfItself", ["a.yaml": "base_image: ./b.yaml", "b.yaml": "base_image: ./a.yaml"]),
            base("cannotUseSpec", ["a.yaml": "base_image: ./b.yaml"]),
            ErrorCase("tooManyBases", "the name of a spec with 501 specs below each other") { scene in
                let spec = (0..<501).reduce(ImageSpec()) { spec, _ in ImageSpec(baseImage: .spec(spec)) }
                _ = try spec.imageName(in: scene.context)
            },
        ])

    static let ignoreFiles = ErrorArea(
        name: "ignore-files",
        cases: [
            ErrorCase("ignoreFileIsNotUTF8", ".dockerignore: a byte FF in line 2") { scene in
                try scene.write("src/.dockerignore", [0x61, 0x0A, 0xFF])
                _ = try ImageSpec(sourceRoot: "src").imageName(in: scene.context)
            }
        ]
            + ["!", "[a", "a[]", "[z-a]", "a\\"].map { pattern in
                .name("malformedIgnorePattern", "source_root: src", files: ["src/.dockerignore": pattern])
            })

    /// Where build contexts are written.
    static let contexts = ErrorArea(
        name: "contexts",
        cases: [
            ErrorCase("contextAmongSources", "source_root: src, and the folder src/build") { scene in
                try scene.write(["src/a.py": ""])
                let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
                try ImageSpec.BuildContext(spec, in: scene.context).write(to: scene.path("src/build"))
            },
            ErrorCase("contextAmongSources", "source_root: src, and the archive src/a.tar") { scene in
                try scene.write(["src/a.py": ""])
                let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
                try ImageSpec.BuildContext(spec, in: scene.context).writeTar(toFile: scene.path("src/a.tar"))
            },
            ErrorCase("notAnArchive", "an archive in place of a spec file") { scene in
                try scene.write(["spec.yaml": "name: a"])
                try ImageSpec.BuildContext(ImageSpec(), in: scene.context).writeTar(
                    toFile: scene.path("spec.yaml"))
            },
            ErrorCase("unwritableArchive", "an archive to a descriptor that is not open") { scene in
                try ImageSpec.BuildContext(ImageSpec(), in: scene.context).writeTar(to: -1)
            },
            ErrorCase("writingCancelled", "an archive in a task that is cancelled") { scene in
                try scene.write(["a": ""])
                let context = try ImageSpec.BuildContext(ImageSpec(copy: ["a"]), in: scene.context)
                let path = scene.path("a.tar")
                try await Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    try context.writeTar(toFile: path)
                }.value
            },
            ErrorCase("unwritable", "a folder below a file") { scene in
                try scene.write(["a": ""])
                try ImageSpec.BuildContext(ImageSpec(), in: scene.context).write(to: scene.path("a/b"))
            },
            ErrorCase("unwritable", "a file in the place of the folder") { scene in
                try scene.write(["a": ""])
                try ImageSpec.BuildContext(ImageSpec(), in: scene.context).write(to: scene.path("a"))
            },
            ErrorCase("unwritable", "no name of a folder") { scene in
                try ImageSpec.BuildContext(ImageSpec(), in: scene.context).write(to: "")
            },
            ErrorCase("parentMissing", "a/b, where there is no a") { scene in
                try ImageSpec.BuildContext(ImageSpec(), in: scene.context).write(to: scene.path("a/b"))
            },
            ErrorCase("notEmpty", "a folder with a file") { scene in
                try scene.write(["a/b": ""])
                try ImageSpec.BuildContext(ImageSpec(), in: scene.context).write(to: scene.path("a"))
            },
        ])

    static let drafts = ErrorArea(
        name: "drafts",
        cases: [
            ErrorCase("cannotUse", "a draft for a folder that is not there") { scene in
                _ = try SpecDraft(folder: scene.path("a"))
            },
            ErrorCase("cannotUse", "a draft for a file") { scene in
                try scene.write(["a": ""])
                _ = try SpecDraft(folder: scene.path("a"))
            },
            ErrorCase("outputExists", "a draft to a file that exists") { scene in
                try scene.write(["image.yaml": ""])
                try SpecDraft(folder: scene.folder).write(
                    to: scene.path("image.yaml"), ofFolder: scene.folder)
            },
            ErrorCase("wrongOutput", "a draft to image.json") { scene in
                try SpecDraft(folder: scene.folder).write(
                    to: scene.path("image.json"), ofFolder: scene.folder)
            },
            ErrorCase("wrongOutput", "a draft to another folder") { scene in
                try scene.write(["b/c": ""])
                try SpecDraft(folder: scene.folder).write(
                    to: scene.path("b/image.yaml"), ofFolder: scene.folder)
            },
        ])
}
