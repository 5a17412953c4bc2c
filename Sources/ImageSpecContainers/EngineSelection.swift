// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding

/// The choice of the engine for a request.
struct EngineSelection: Sendable {
    var request: ImageSpec.BuildRequest
    var options: ContainerOptions
    var finder: EngineFinder
    var cache: EngineCache
    /// The spec's file of credentials.
    var credentials: String?

    /// The requested engine, that of the options, or the first that works.
    /// - Throws: ``ImageSpecError/Code/toolUnavailable``.
    func engine(_ wanted: ImageSpec.ContainerEngine?) async throws -> DetectedEngine {
        let kind = wanted ?? options.engine ?? options.endpoints?.engine
        let requirement = dockerRequirement
        let key = EngineCache.Key(wanted: kind, requirement: requirement, credentials: credentials)
        return try await cache.engine(for: key) { [finder] in try await finder.find(kind, requirement) }
    }

    /// An image that is pushed needs no local daemon if the spec, or buildx's own variable, names the builder. An image that
    /// is not pushed is stored by the daemon.
    private var dockerRequirement: EngineFinder.DockerRequirement {
        if options.endpoints?.engine == .docker { return .builder }
        return request.isPushed && !(finder.buildxBuilder ?? "").isEmpty ? .builderOrDaemon : .daemon
    }

    /// - Throws: ``ImageSpecError/Code/unsupportedField`` if the engine does not support an option, several platforms or the
    ///   base image.
    func checkCapabilities(of engine: DetectedEngine) async throws {
        var capabilities = EngineCapabilities(
            engine: engine, options: options, platforms: request.spec.platforms(in: request.context),
            localBase: request.localBase)
        let needsDrivers = options.sourceDateEpoch != nil || capabilities.localBase != nil
        if needsDrivers, engine.dialect == .buildx {
            for builder in options.endpoints?.names ?? [""] {
                capabilities.drivers.append((builder, try await driver(of: builder, engine)))
            }
            if options.sourceDateEpoch != nil, request.isPushed, engine.isAtLeast((29, 0)),
                capabilities.drivers.contains(where: { $0.driver == "docker" })
            {
                capabilities.hasContainerdStore = try await finder.hasContainerdStore(engine)
            }
        }
        try capabilities.check(imageName: request.imageName, isPushed: request.isPushed)
    }

    private func driver(of builder: String, _ engine: DetectedEngine) async throws -> String {
        let key = EngineCache.DriverKey(program: engine.path, builder: builder, credentials: credentials)
        return try await cache.driver(for: key) { [finder] in
            if case .success(let found) = try await finder.builder(builder, engine) { return found.driver }
            return nil
        }
    }
}

extension ImageSpec.BuildRequest {
    /// The base image if it is a spec whose image has no registry, and so stays on this machine.
    var localBase: String? {
        guard case .spec(let base) = spec.baseImage, base.registry.map(\.isEmpty) ?? true,
            // Its image is the base image of that spec.
            base.builder != "noop", let baseImageName,
            let reference = try? ImageSpec.ImageReference(baseImageName), reference.registry == .dockerHub
        else { return nil }
        return baseImageName
    }
}
