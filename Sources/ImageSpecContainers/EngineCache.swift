// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Synchronization

/// A cache of the engines that work, since detection may take seconds.
final class EngineCache: Sendable {
    /// What the answer depends on, besides the environment of this process.
    struct Question: Hashable, Sendable {
        var wanted: ImageSpec.ContainerEngine?
        var need = EngineFinder.Need.daemon
        /// The spec's file of credentials: docker looks for plugins and contexts in its directory.
        var credentials: String?
    }

    /// What the driver of a builder of buildx depends on, besides the environment of this process.
    struct DriverQuestion: Hashable, Sendable {
        /// The program's file.
        var program: String
        var builder: String
        var credentials: String?
    }

    private let known = Mutex<[Question: DetectedEngine]>([:])
    private let drivers = Mutex<[DriverQuestion: String]>([:])
    private let searches = SingleFlight<Question, DetectedEngine>()

    /// The cached engine, or the result of `find`. Failures are not cached.
    func engine(
        for question: Question, _ find: @escaping @Sendable () async throws -> DetectedEngine
    ) async throws -> DetectedEngine {
        try await searches.value(for: question) {
            if let engine = self.known.withLock({ $0[question] }) { return engine }
            let engine = try await find()
            self.known.withLock { $0[question] = engine }
            return engine
        }
    }

    /// The cached driver, or the result of `find`; empty if it cannot be determined, which is not cached.
    func driver(
        for question: DriverQuestion, _ find: @Sendable () async throws -> String?
    ) async throws -> String {
        if let driver = drivers.withLock({ $0[question] }) { return driver }
        guard let driver = try await find() else { return "" }
        drivers.withLock { $0[question] = driver }
        return driver
    }
}
