// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ImageSpecLayers

@Suite struct ImageTests {
    private let folder: TemporaryFolder
    private let repository = MemoryRepository()
    private let reference: ImageSpec.ImageReference

    init() async throws {
        folder = try TemporaryFolder()
        reference = try ImageSpec.ImageReference("localhost:1/base/small:1")
        try folder.write("project/src/main.py", "print(1)\n")
        try folder.write("project/src/run.sh", "#!/bin/sh\n", mode: 0o755)
        try folder.write("project/conf/a.txt", "a\n")
        try await storeBase()
    }

    /// Stores a base image of one layer.
    private func storeBase(triggers: [ImageSpec.JSONValue] = []) async throws {
        let store = LayerStore(cache: nil, temporaryDirectory: folder.path, time: 0)
        let entries = BaseTree.debian.entries.compactMap { path, entry in
            LayerEntry(entry, at: path, owner: entry.owner)
        }
        let layer = try await store.layer(LayerRecipe(title: "base", entries, over: .debian))
        let json: ImageSpec.JSONValue = [
            "architecture": "amd64", "os": "linux",
            "config": [
                "Env": ["LANG=C.UTF-8", "PATH=/usr/bin:/bin", "LD_LIBRARY_PATH=/lib"], "Cmd": ["bash"],
                "User": "nobody",
                "OnBuild": .array(triggers),
            ],
            "rootfs": ["type": "layers", "diff_ids": [.string("\(layer.content.diffID)")]],
        ]
        let configuration = json.canonicalForm
        let blob = BlobDescriptor(
            mediaType: MediaType.configuration, digest: .init(of: configuration), size: configuration.count)
        try await repository.writeBlob(blob, from: .bytes(configuration)) { _ in }
        try await repository.writeBlob(layer.content.blob, from: .file(path: store.file(of: layer))) { _ in }
        let manifest: ImageSpec.JSONValue = [
            "schemaVersion": try .init(2), "config": try blob.json, "layers": [try layer.content.blob.json],
        ]
        try await repository.writeManifest(
            StoredManifest(mediaType: MediaType.manifest, bytes: manifest.canonicalForm), as: "1")
    }

    private var spec: ImageSpec {
        ImageSpec(
            name: "trainer", sourceRoot: "src", env: ["A": "1"], baseImage: .reference("\(reference)"),
            entrypoint: ["python", "main.py"], sourceCopyMode: .all, copy: ["conf"])
    }

    private func image(
        _ spec: ImageSpec, cache: String? = nil, in project: String? = nil, store: LayerStore? = nil
    ) async throws -> (image: AssembledImage, store: LayerStore) {
        let context = ImageSpec.Context(
            workingDirectory: project ?? folder.path + "/project", hostArchitecture: "x86_64")
        let named = try ImageSpec.BuildRequest(spec, in: context, policy: .init()).namedSetup()
        let cacheDirectory = cache.flatMap(LayerCacheDirectory.init)
        let store = store ?? LayerStore(cache: cacheDirectory, temporaryDirectory: folder.path, time: 0)
        let runner = ProgramRunner(
            variables: [], programs: { _ in [] }, run: { _, _ in throw CancellationError() })
        let assembly = ImageAssembly(
            named.setup, named.inputs, store: store, cache: cacheDirectory,
            installation: PackageInstallation(
                runner: runner, temporaryDirectory: folder.path, secrets: [:], cache: cacheDirectory),
            time: nil, report: { _ in })
        let platform = try #require(ImagePlatform("linux/amd64"))
        let base = try await BaseImage.find(reference, for: platform, in: repository, cache: cacheDirectory)
        return (try await assembly.image(on: base, for: platform), store)
    }

    @Test func theConfigurationIsThatOfTheDockerfile() async throws {
        let (image, _) = try await image(spec)
        let config = image.configuration.json["config"]
        #expect(
            config?["Env"]?.strings == [
                "LANG=C.UTF-8", "PATH=/usr/bin:/bin:/usr/local/nvidia/bin:/usr/local/cuda/bin",
                "LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/lib", "A=1", "PYTHONPATH=/root",
                "_F_IMG_ID=\(spec.id)",
            ])
        #expect(config?["User"]?.string == "flytekit")
        #expect(config?["WorkingDir"]?.string == "/root")
        #expect(config?["Entrypoint"]?.strings == ["python", "main.py"])
        #expect(config?["Cmd"] == nil)
        #expect(config?["Labels"]?["imagespec.id"]?.string == spec.id)
        #expect(image.configuration.json["created"]?.string == "1980-01-01T00:00:00Z")
        #expect(image.configuration.diffIDs.count == image.layers.count)
        let history = image.configuration.json["history"]?.array ?? []
        #expect(history.filter { $0["empty_layer"] == nil }.count == image.layers.count - 1)
    }

    @Test func withoutAnEntryPointTheCommandIsKept() async throws {
        let (image, _) = try await image(ImageSpec(name: "a", baseImage: .reference("\(reference)")))
        #expect(image.configuration.json["config"]?["Cmd"]?.strings == ["bash"])
    }

    // Two runs, other directories, empty and full caches: one manifest.
    @Test func theManifestRepeatsTheLabelOfItsConfiguration() async throws {
        let image = try await image(spec).image
        let manifest = try ImageSpec.JSONValue(json: image.manifest.bytes)
        #expect(
            manifest["annotations"] == [
                "imagespec.id": .string(spec.id),
                "imagespec.config": .string("\(image.configurationBlob.digest)"),
            ])
        #expect(image.configuration.label("imagespec.id") == spec.id)
    }

    @Test func theSameSpecHasTheSameBytes() async throws {
        try FileManager.default.copyItem(atPath: folder.path + "/project", toPath: folder.path + "/other")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)],
            ofItemAtPath: folder.path + "/other/src/main.py")
        let cache = folder.path + "/cache"
        var digests: Set<String> = []
        for (cache, project) in [(nil, nil), (cache, nil), (cache, "other"), (nil, "other")]
            as [(String?, String?)]
        {
            let made = try await image(spec, cache: cache, in: project.map { folder.path + "/" + $0 })
            digests.insert("\(made.image.manifest.digest)")
        }
        #expect(digests.count == 1)
    }

    @Test func copiedFilesBelongToTheUserAndTheSourceIsBelowThem() async throws {
        let (image, store) = try await image(spec)
        var members: [String: TarMember] = [:]
        for layer in image.layers {
            guard case .made(let made) = layer.source else { continue }
            var bytes: [UInt8] = []
            let gzip = try GzipReader()
            let compressed = Array(try Data(contentsOf: URL(filePath: try await store.file(of: made))))
            try compressed.withUnsafeBytes { try gzip.read($0) { bytes += $0 } }
            for (member, _) in try MemberList.read(bytes) {
                members[String(decoding: member.path, as: UTF8.self)] = member
            }
        }
        #expect(members["root/main.py"]?.mode == 0o644)
        #expect(members["root/run.sh"]?.mode == 0o755)
        #expect(members["root/conf/a.txt"]?.owner == 1000 && members["root/conf/a.txt"]?.group == 1000)
        #expect(
            members["root"]?.mode == 0o700 && members["root"]?.owner == 1000 && members["root"]?.group == 0)
        #expect(members["etc"]?.mode == 0o755 && members["etc"]?.owner == 0)
    }

    @Test func aFileThatChangedIsAnError() async throws {
        let context = ImageSpec.Context(
            workingDirectory: folder.path + "/project", hostArchitecture: "x86_64")
        let named = try ImageSpec.BuildRequest(spec, in: context, policy: .init()).namedSetup()
        try folder.write("project/src/main.py", "print(2)\n")
        let store = LayerStore(cache: nil, temporaryDirectory: folder.path, time: 0)
        let runner = ProgramRunner(
            variables: [], programs: { _ in [] }, run: { _, _ in throw CancellationError() })
        let assembly = ImageAssembly(
            named.setup, named.inputs, store: store, cache: nil,
            installation: PackageInstallation(
                runner: runner, temporaryDirectory: folder.path, secrets: [:], cache: nil),
            time: nil, report: { _ in })
        let platform = try #require(ImagePlatform("linux/amd64"))
        let base = try await BaseImage.find(reference, for: platform, in: repository, cache: nil)
        let error = await #expect(throws: ImageSpecError.self) {
            _ = try await assembly.image(on: base, for: platform)
        }
        #expect(error?.code == .sourceChanged)
    }

    @Test func triggersOfTheBaseImageAreAnError() async throws {
        try await storeBase(triggers: ["RUN true"])
        await #expect(throws: ImageSpecError.self) { _ = try await self.image(self.spec) }
    }

    @Test func anotherPlatformIsAnError() async throws {
        let platform = try #require(ImagePlatform("linux/arm64"))
        let error = await #expect(throws: ImageSpecError.self) {
            _ = try await BaseImage.find(self.reference, for: platform, in: self.repository, cache: nil)
        }
        #expect(error?.code == .missingInput)
    }

    // MARK: storing

    @Test func theManifestIsStoredLastAndNothingTwice() async throws {
        let (image, store) = try await image(spec)
        let target = MemoryRepository()
        let transfer = ImageTransfer(to: target, on: nil, from: store) { _ in }
        let first = try await transfer.write(ImageIndex([image]), as: "1")
        #expect(target.events.last == "manifest 1")
        #expect(target.events.filter { $0 == "blob" }.count == image.layers.count + 1)
        #expect(first.skippedBytes == 0 && first.sentBytes > 0)
        let second = try await transfer.write(ImageIndex([image]), as: "2")
        #expect(second.sentBytes == 0 && second.skippedBytes == first.sentBytes)
        for layer in image.layers {
            let bytes = try #require(target.bytes(layer.blob.digest))
            #expect(ImageSpec.ImageReference.Digest(of: bytes) == layer.blob.digest)
        }
    }

    @Test func layersOfTheBaseAreMountedOnTheSameRegistry() async throws {
        let (image, store) = try await image(spec)
        let target = MemoryRepository(mounts: true)
        _ = try await ImageTransfer(to: target, on: reference.registry, from: store) { _ in }
            .write(ImageIndex([image]), as: "1")
        #expect(target.events.filter { $0 == "mount from base/small" }.count == 1)
        let other = MemoryRepository(mounts: true)
        _ = try await ImageTransfer(to: other, on: .dockerHub, from: store) { _ in }.write(
            ImageIndex([image]), as: "1")
        #expect(!other.events.contains("mount from base/small"))
    }

    @Test func aLayoutHasTheImageAndKeepsOthers() async throws {
        let (image, store) = try await image(spec)
        let path = folder.path + "/layout"
        for tag in ["1", "2", "1"] {
            let layout = try OCILayout(writing: "acme/trainer:\(tag)", to: path)
            _ = try await ImageTransfer(to: layout, on: nil, from: store) { _ in }.write(
                ImageIndex([image]), as: tag)
        }
        let layout = try OCILayout(reading: path)
        for tag in ["1", "2"] { #expect(try await layout.manifest(tag) == image.manifest) }
        #expect(try await layout.manifest("3") == nil)
        for layer in image.layers { #expect(try await layout.hasBlob(layer.blob)) }
        let platform = try #require(ImagePlatform("linux/amd64"))
        let base = try await BaseImage.find(
            try ImageSpec.ImageReference("acme/trainer:1"), for: platform, in: layout, cache: nil)
        #expect(base.layers == image.layers.map(\.blob))
    }

    @Test func aDirectoryWithOtherFilesIsNoLayout() throws {
        try folder.write("full/file", "x")
        #expect(throws: ImageSpecError.self) {
            _ = try OCILayout(writing: "a:1", to: self.folder.path + "/full")
        }
        #expect(throws: ImageSpecError.self) { _ = try OCILayout(reading: self.folder.path) }
    }

    @Test func anArchiveHasBothFormsAndTheSameBytes() async throws {
        let (image, store) = try await image(spec)
        for name in ["a.tar", "b.tar"] {
            _ = try await ImageArchive(to: folder.path + "/" + name, from: store) { _ in }
                .write(ImageIndex([image]), name: "acme/trainer:1", tag: "1")
        }
        let bytes = try folder.bytes("a.tar")
        #expect(try folder.bytes("b.tar") == bytes)
        let members = Dictionary(
            try MemberList.read(bytes).map { (String(decoding: $0.member.path, as: UTF8.self), $0.content) }
        ) { first, _ in first }
        let docker = try ImageSpec.JSONValue(json: members["manifest.json"] ?? [])
        #expect(docker.array?.first?["RepoTags"]?.strings == ["acme/trainer:1"])
        for file in docker.array?.first?["Layers"]?.strings ?? [] { #expect(members[file] != nil) }
        let index = try ImageSpec.JSONValue(json: members["index.json"] ?? [])
        #expect(index["manifests"]?.array?.first?["digest"]?.string == "\(image.manifest.digest)")
        #expect(members["oci-layout"] != nil)
    }

    @Test func severalPlatformsAreAnIndex() async throws {
        let (image, store) = try await image(spec)
        let target = MemoryRepository()
        let index = ImageIndex([image, image])
        _ = try await ImageTransfer(to: target, on: nil, from: store) { _ in }.write(index, as: "1")
        #expect(target.events.suffix(2) == ["manifest by digest", "manifest 1"])
        let document = try ImageSpec.JSONValue(json: index.top.bytes)
        #expect(document["manifests"]?.array?.count == 2)
        #expect(document["manifests"]?.array?.first?["platform"]?["architecture"]?.string == "amd64")
    }

    // MARK: times

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (315_532_800, "1980-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
    ]) func timesAreThoseOfTheCalendar(seconds: Int, text: String) {
        #expect(ImageAssembly.timeText(seconds) == text)
    }
}
