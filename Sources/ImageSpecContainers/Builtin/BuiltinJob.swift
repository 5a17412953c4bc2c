// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

/// One image that is made without an engine, and stored.
struct BuiltinJob: Sendable {
    /// Where the image is stored.
    enum Destination: Sendable {
        case registry
        /// The first container engine that works.
        case engine
        case output(ImageSpec.BuiltinBuilder.Output)
        /// Nowhere: another image is based on it.
        case memory
    }

    static let engineName = "builtin"

    private let request: ImageSpec.BuildRequest
    private let destination: Destination
    private let kept: KeptImages
    private let scratch: KeptImages.Scratch
    private let dependencies: BuiltinDependencies
    private let options: ContainerOptions
    private let credentialsFile: String?

    init(
        _ request: ImageSpec.BuildRequest, to destination: Destination, kept: KeptImages,
        scratch: KeptImages.Scratch, dependencies: BuiltinDependencies
    ) throws {
        self.request = request
        self.destination = destination
        self.kept = kept
        self.scratch = scratch
        self.dependencies = dependencies
        options = try RequestCheck(request, .builtin).options()
        let problems = BuiltinCheck(spec: request.spec, options: options, in: request.context).problems
        if let error = ImageSpecError(problems: problems) { throw error }
        credentialsFile = try RegistryConfiguration.file(of: request.spec, in: request.context)
    }

    private var report: @Sendable (String) -> Void {
        { [report = request.report] line in report(.output(line: line)) }
    }

    func build() async throws -> ImageSpec.BuildResult {
        let loader = if case .engine = destination { try await engine() } else { nil as DetectedEngine? }
        request.report(.started(imageName: request.imageName, engine: Self.engineName))
        let named = try request.namedSetup()
        guard named.imageName == request.imageName else {
            throw ImageSpecError.renamed(request.imageName, named.imageName)
        }
        if let problem = HostInstallation.problem(in: named.inputs.requirements) {
            throw ImageSpecError.fieldNeedsEngine("requirements", problem)
        }
        let cache = cacheDirectory
        let store = LayerStore(
            cache: options.usesCache ? cache : nil, temporaryDirectory: scratch.directory.path,
            time: options.sourceDateEpoch ?? RenderingConstants.timeStamp)
        let installation = PackageInstallation(
            runner: dependencies.programs, temporaryDirectory: scratch.directory.path, secrets: secrets,
            cache: options.usesCache ? cache : nil)
        if request.spec.hasPythonPackages { try await installation.prepare() }
        let assembly = ImageAssembly(
            named.setup, named.inputs, store: store, cache: cache, installation: installation,
            time: options.sourceDateEpoch, report: report)
        var images: [AssembledImage] = []
        for text in request.spec.platforms(in: request.context) {
            guard let platform = ImagePlatform(text) else { continue }
            let base = try await base(named.setup.baseImage, for: platform, cache: cache)
            images.append(try await assembly.image(on: base, for: platform))
        }
        let index = ImageIndex(images)
        kept.add(.init(index: index, store: store, scratch: scratch), named: request.imageName)
        let summary = try await write(index, from: store, loader: loader)
        cache?.removeUnused()
        return ImageSpec.BuildResult(
            imageName: request.imageName, outcome: .built, digest: try digest(of: index),
            engine: Self.engineName,
            transfer: .init(
                layers: index.layerDigests, sentBytes: summary.sentBytes, skippedBytes: summary.skippedBytes))
    }

    /// Whether an image that is based on this one reads its layers from the temporary directory.
    var keepsFiles: Bool {
        if case .registry = destination { return false }
        return cacheDirectory == nil || !options.usesCache
    }

    /// The cache, if it would not be among the files that are copied.
    private var cacheDirectory: LayerCacheDirectory? {
        request.context.withoutCacheAmongSources(of: request.spec).digestCache.path.flatMap(
            LayerCacheDirectory.init)
    }

    private var secrets: [String: String] {
        let mounts = (request.spec.pipSecretMounts ?? []).map { mount in
            (
                mount.targetPath,
                LocalFile.absolute(LocalFile.join(request.context.workingDirectory, mount.source))
            )
        }
        return Dictionary(mounts) { first, _ in first }
    }

    private func base(
        _ name: String, for platform: ImagePlatform, cache: LayerCacheDirectory?
    ) async throws -> BaseImage {
        let reference = try ImageSpec.ImageReference(name)
        if let base = kept.base(reference, named: name, for: platform) { return base }
        if let local = request.localBase {
            throw ImageSpecError.localBase(local, builder: "the builtin engine")
        }
        let repository = dependencies.repository(reference, credentialsFile, false)
        do {
            return try await BaseImage.find(reference, for: platform, in: repository, cache: cache)
        } catch let error as ImageSpecError {
            // An engine may have the image, or other credentials for it.
            throw error.ofBase
        }
    }

    // MARK: storing

    private func write(
        _ index: ImageIndex, from store: LayerStore, loader: DetectedEngine?
    ) async throws -> TransferSummary {
        let reference = try ImageSpec.ImageReference(request.imageName)
        switch destination {
        case .memory: return TransferSummary()
        case .registry:
            let target = dependencies.repository(reference, credentialsFile, true)
            return try await ImageTransfer(
                to: target, on: reference.registry, named: reference.repository, from: store, report: report
            ).write(index, as: reference.identifier)
        case .output(.layout(let path)):
            let layout = try OCILayout(writing: request.imageName, to: path)
            return try await ImageTransfer(to: layout, on: nil, from: store, report: report)
                .write(index, as: reference.identifier)
        case .output(.archive(let path)):
            return try await ImageArchive(to: path, from: store, report: report)
                .write(index, name: request.imageName, tag: reference.identifier)
        case .engine:
            guard let loader else { return TransferSummary() }
            let path = scratch.directory.path + "/image.tar"
            let summary = try await ImageArchive(to: path, from: store, report: report)
                .write(index, name: request.imageName, tag: reference.identifier)
            try await load(path, into: loader)
            return summary
        }
    }

    /// The digest by which the image is known where it was stored.
    private func digest(of index: ImageIndex) throws -> String {
        // Engines identify an image by its configuration.
        if case .engine = destination { return "\(index.images[0].configurationBlob.digest)" }
        return "\(try index.top.digest)"
    }

    private func engine() async throws -> DetectedEngine {
        do {
            return try await dependencies.finder.find(nil)
        } catch let error as ImageSpecError where error.code == .toolUnavailable {
            throw ImageSpecError.noPlaceForImage(request.imageName, error.problems[0].reason)
        }
    }

    private func load(_ archive: String, into engine: DetectedEngine) async throws {
        let arguments =
            engine.kind == .buildah
            ? ["pull", "--quiet", "docker-archive:\(archive)"] : ["load", "--quiet", "--input", archive]
        report("loading the image into \(engine.name)")
        let outcome = try await dependencies.runner(
            Command(executable: engine.path, arguments: arguments), onLine: report)
        if !outcome.isSuccess {
            throw ImageSpecError.imageNotLoaded(request.imageName, engine: engine.name, outcome)
        }
    }
}

extension ImageIndex {
    /// The digests of all layers, each once.
    fileprivate var layerDigests: [String] {
        var known: Set<String> = []
        return images.flatMap(\.layers).map { "\($0.blob.digest)" }.filter { known.insert($0).inserted }
    }
}
