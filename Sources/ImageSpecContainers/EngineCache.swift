// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import Synchronization

/// A cache of the engines that work, since detection may take seconds.
final class EngineCache: Sendable {
    /// What detection depends on, besides the environment of this process.
    struct Key: Hashable, Sendable {
        var wanted: ImageSpec.ContainerEngine?
        var requirement = EngineFinder.DockerRequirement.daemon
        /// The spec's file of credentials.
        var credentials: String?
    }

    /// What the driver of a buildx builder depends on, besides the environment of this process.
    struct DriverKey: Hashable, Sendable {
        /// The program's file.
        var program: String
        var builder: String
        var credentials: String?
    }

    private let known = Mutex<[Key: DetectedEngine]>([:])
    private let drivers = Mutex<[DriverKey: String]>([:])
    private let searches = SingleFlight<Key, DetectedEngine>()

    /// The cached engine, or the result of `find`. Failures are not cached.
    func engine(
        for key: Key, _ find: @escaping @Sendable () async throws -> DetectedEngine
    ) async throws -> DetectedEngine {
        try await searches.value(for: key) {
            if let engine = self.known.withLock({ $0[key] }) { return engine }
            let engine = try await find()
            self.known.withLock { $0[key] = engine }
            return engine
        }
    }

    /// The cached driver, or the result of `find`; empty if it cannot be determined, which is not cached.
    func driver(
        for key: DriverKey, _ find: @Sendable () async throws -> String?
    ) async throws -> String {
        if let driver = drivers.withLock({ $0[key] }) { return driver }
        guard let driver = try await find() else { return "" }
        drivers.withLock { $0[key] = driver }
        return driver
    }
}
