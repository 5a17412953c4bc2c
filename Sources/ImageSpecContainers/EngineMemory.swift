// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Synchronization

/// The engines that were found to work, so that what may take seconds is found out once for all images.
final class EngineMemory: Sendable {
    /// What the answer depends on, besides the environment of this process.
    struct Question: Hashable, Sendable {
        var wanted: ImageSpec.ContainerEngine?
        var needsBuildx = false
        /// The spec's file of credentials: docker looks for plugins and contexts in its folder.
        var credentials: String?
    }

    private let known = Mutex<[Question: WorkingEngine]>([:])
    private let searches = SingleFlight<Question, WorkingEngine>()

    /// The answer that is known, or that `find` gives. A failure is not remembered.
    func engine(
        for question: Question, _ find: @escaping @Sendable () async throws -> WorkingEngine
    ) async throws -> WorkingEngine {
        try await searches.value(for: question) {
            if let engine = self.known.withLock({ $0[question] }) { return engine }
            let engine = try await find()
            self.known.withLock { $0[question] = engine }
            return engine
        }
    }
}
