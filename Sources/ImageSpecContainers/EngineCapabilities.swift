// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// What an engine can do of what options ask for.
struct EngineCapabilities: Sendable {
    var engine: DetectedEngine
    var options: ContainerOptions
    /// The builders of buildx that may build, with their drivers as far as they are known. An empty name: the one that
    /// buildx takes by itself.
    var drivers: [(builder: String, driver: String)] = []

    /// - Throws: ``ImageSpecError/Code/unsupportedField``, with the engines that can.
    func check(imageName: String, isPushed: Bool) throws(ImageSpecError) {
        try options.check(engine.kind, imageName: imageName, isPushed: isPushed)
        try checkNetwork()
        try checkCaches()
        try checkAttestations()
        try checkTimes()
    }

    private func unable(_ key: String, _ what: String, _ able: String) -> ImageSpecError {
        .optionUnsupported(key, engine: engine.name, what, able: able)
    }

    private func checkTimes() throws(ImageSpecError) {
        guard options.sourceDateEpoch != nil else { return }
        let able = "docker with a builder of buildx 0.10 or later, buildctl, podman and buildah"
        switch engine.dialect {
        case .buildKit: throw unable("source_date_epoch", "without buildx has no fixed times", able)
        case .buildx where !engine.hasBuildx(0, 10):
            throw unable("source_date_epoch", "with buildx \(engine.pluginVersion) has no fixed times", able)
        case .buildx:
            // The daemon's own BuildKit leaves files in layers their times without a word, or refuses the build in the
            // end, as its image store is of the one kind or the other.
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
                "knows host, none and default alone, but builders of docker buildx create --driver-opt network=\(network) are in it",
                "podman and buildah")
        case .buildctl: throw unable("network", "knows host, none and default alone", "podman and buildah")
        case .podman, .buildah: break
        }
    }

    private func checkAttestations() throws(ImageSpecError) {
        let wanted = [("provenance", options.provenance != nil), ("sbom", options.billOfMaterials != nil)]
        guard let key = wanted.first(where: \.1)?.0 else { return }
        let able = "docker with buildx 0.10 or later and buildctl"
        switch engine.dialect {
        case .buildctl: break
        case .buildx where engine.hasBuildx(0, 10): break
        case .buildx: throw unable(key, "with buildx \(engine.pluginVersion) makes no attestations", able)
        case .buildKit, .podman, .buildah: throw unable(key, "makes no attestations", able)
        }
    }

    private func checkCaches() throws(ImageSpecError) {
        switch engine.dialect {
        case .buildx, .buildctl: break
        case .buildKit:
            guard options.cacheTargets.contains(where: { !$0.isInline }) else { break }
            throw unable(
                "cache_to", "without buildx knows \"inline\" alone",
                "docker with buildx, buildctl, and podman and buildah with a repository")
        case .podman, .buildah:
            try checkRepository("cache_from", options.cacheSources)
            try checkRepository("cache_to", options.cacheTargets)
        }
    }

    /// Podman and buildah keep a cache in one repository, a tag for each layer.
    private func checkRepository(_ key: String, _ caches: [BuildCache]) throws(ImageSpecError) {
        guard let cache = caches.first else { return }
        let able = "docker and buildctl"
        guard engine.isAtLeast(engine.dialect == .podman ? (4, 2) : (1, 27)) else {
            throw unable(
                key, "has no caches in registries before \(engine.dialect == .podman ? "4.2" : "1.27")", able)
        }
        guard caches.count == 1 else { throw unable(key, "takes one cache alone", able) }
        guard let reference = cache.reference else { throw unable(key, "has no inline cache", able) }
        guard cache.attributes.isEmpty else { throw unable(key, "knows no attributes of caches", able) }
        let name = reference.split(separator: "/").last ?? ""
        guard !name.contains(":"), !name.contains("@") else {
            throw unable(key, "takes a repository without tag and digest, not \"\(reference)\"", able)
        }
    }
}

extension DetectedEngine {
    /// Whether it is of this version or a later one. One that cannot be read is taken for new: what it cannot do, it says.
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
