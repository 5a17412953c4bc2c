// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// Checks whether an engine supports the options of a spec.
struct EngineCapabilities: Sendable {
    var engine: DetectedEngine
    var options: ContainerOptions
    var platforms: [String] = []
    /// A base image that stays on this machine.
    var localBase: String?
    /// The buildx builders that may build, with their drivers if they are known. The empty name is the builder that buildx
    /// selects.
    var drivers: [(builder: String, driver: String)] = []
    /// Whether the docker daemon stores images with containerd.
    var hasContainerdStore = false

    /// - Throws: ``ImageSpecError/Code/unsupportedField``, with the engines that can.
    func check(imageName: String, isPushed: Bool) throws(ImageSpecError) {
        try options.check(engine.kind, imageName: imageName, isPushed: isPushed)
        try checkNetwork()
        try checkCaches()
        try checkAttestations()
        try checkTimes(isPushed: isPushed)
        try checkBase()
        try checkPlatforms()
    }

    private func checkPlatforms() throws(ImageSpecError) {
        guard platforms.count > 1, engine.dialect == .buildKit else { return }
        throw .platformsUnsupported(
            platforms, "docker requires the buildx plugin to build several platforms",
            fix: "install it, use buildah or buildctl, or use one platform")
    }

    /// A builder elsewhere would look for the base on Docker Hub, where its name may be that of another image.
    private func checkBase() throws(ImageSpecError) {
        guard let localBase else { return }
        switch engine.dialect {
        case .buildctl: throw .localBase(localBase, builder: "the BuildKit daemon")
        case .buildx:
            guard let other = drivers.first(where: { !["docker", ""].contains($0.driver) }) else { return }
            let name =
                other.builder.isEmpty ? "the current builder of buildx" : "the builder \(other.builder)"
            throw .localBase(localBase, builder: "\(name) (driver \(other.driver))")
        case .buildKit, .podman, .buildah: return
        }
    }

    private func unable(_ key: String, _ what: String, _ able: String) -> ImageSpecError {
        .optionUnsupported(key, engine: engine.name, what, able: able)
    }

    private func checkTimes(isPushed: Bool) throws(ImageSpecError) {
        guard options.sourceDateEpoch != nil else { return }
        let able = "docker with buildx 0.10 or later, buildctl, podman or buildah"
        switch engine.dialect {
        case .buildKit: throw unable("source_date_epoch", "without buildx cannot set fixed file times", able)
        case .buildx where !engine.hasBuildx(0, 10):
            throw unable(
                "source_date_epoch", "with buildx \(engine.pluginVersion) cannot set fixed file times", able)
        case .buildx:
            // Other daemons silently keep the times of files, or fail at the end, depending on their image store.
            if isPushed, engine.isAtLeast((29, 0)), hasContainerdStore { break }
            guard let own = drivers.first(where: { $0.driver == "docker" }) else { break }
            throw .daemonHasNoFixedTimes(own.builder, engine: engine.name)
        case .buildctl, .podman, .buildah: break
        }
    }

    private func checkNetwork() throws(ImageSpecError) {
        guard let network = options.network, !options.hasUsualNetwork else { return }
        switch engine.dialect {
        case .buildx, .buildKit:
            throw unable(
                "network",
                "supports only host, none and default",
                "podman, buildah or a builder created with \"docker buildx create --driver-opt network=\(network)\""
            )
        case .buildctl: throw unable("network", "supports only host, none and default", "podman or buildah")
        case .podman, .buildah: break
        }
    }

    private func checkAttestations() throws(ImageSpecError) {
        let wanted = [("provenance", options.provenance != nil), ("sbom", options.billOfMaterials != nil)]
        guard let key = wanted.first(where: \.1)?.0 else { return }
        let able = "buildctl, or docker with buildx 0.10 or later"
        switch engine.dialect {
        case .buildctl: break
        case .buildx where engine.hasBuildx(0, 10): break
        case .buildx:
            throw unable(key, "with buildx \(engine.pluginVersion) does not support attestations", able)
        case .buildKit, .podman, .buildah: throw unable(key, "does not support attestations", able)
        }
    }

    private func checkCaches() throws(ImageSpecError) {
        switch engine.dialect {
        case .buildx, .buildctl: break
        case .buildKit:
            guard options.cacheTargets.contains(where: { !$0.isInline }) else { break }
            throw unable(
                "cache_to", "without buildx supports only \"inline\"",
                "docker with buildx, buildctl, or podman or buildah with a repository")
        case .podman, .buildah:
            try checkRepository("cache_from", options.cacheSources)
            try checkRepository("cache_to", options.cacheTargets)
        }
    }

    /// Podman and buildah keep a cache in one repository, a tag for each layer.
    private func checkRepository(_ key: String, _ caches: [BuildCache]) throws(ImageSpecError) {
        guard let cache = caches.first else { return }
        let able = "docker or buildctl"
        guard engine.isAtLeast(engine.dialect == .podman ? (4, 2) : (1, 27)) else {
            throw unable(
                key,
                "does not support registry caches before version \(engine.dialect == .podman ? "4.2" : "1.27")",
                able)
        }
        guard caches.count == 1 else { throw unable(key, "supports only one cache", able) }
        guard let reference = cache.reference else {
            throw unable(key, "does not support inline caches", able)
        }
        guard cache.attributes.isEmpty else { throw unable(key, "does not support cache attributes", able) }
        let name = reference.split(separator: "/").last ?? ""
        guard !name.contains(":"), !name.contains("@") else {
            throw unable(key, "requires a repository without a tag or digest, not \"\(reference)\"", able)
        }
    }
}

extension DetectedEngine {
    /// Whether this is the version or a later one. An unknown version counts as later: the engine reports what it does not support.
    func isAtLeast(_ wanted: (Int, Int)) -> Bool { Self.isVersion(version, wanted) }

    func hasBuildx(_ major: Int, _ minor: Int) -> Bool { Self.isVersion(pluginVersion, (major, minor)) }

    private static func isVersion(_ text: String, _ wanted: (Int, Int)) -> Bool {
        let numbers = text.split(separator: ".").prefix(2).compactMap {
            Int($0.prefix { $0.isASCII && $0.isNumber })
        }
        guard numbers.count == 2 else { return true }
        return (numbers[0], numbers[1]) >= wanted
    }
}
