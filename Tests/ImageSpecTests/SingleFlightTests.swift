// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

@Suite struct SingleFlightTests {
    private let flights = SingleFlight<String, Int>()

    /// Waits until so many wait for the work of a key.
    private func waiting(_ count: Int, for key: String) async throws {
        while flights.waitingCount(for: key) != count {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test(.timeLimit(.minutes(20))) func whoIsCancelledLeavesTheWorkToTheOthers() async throws {
        let gate = Gate()
        let stays = Task {
            try await flights.value(for: "a") {
                try await gate.pass()
                return 1
            }
        }
        try await waiting(1, for: "a")
        let leaves = Task { try await flights.value(for: "a") { 2 } }
        try await waiting(2, for: "a")
        leaves.cancel()
        await #expect(throws: CancellationError.self) { try await leaves.value }
        #expect(flights.waitingCount(for: "a") == 1)
        gate.open()
        #expect(try await stays.value == 1)
    }

    @Test(.timeLimit(.minutes(20))) func strongerWorkServesWhereItRuns() async throws {
        let gate = Gate()
        let strong = Task {
            try await flights.value(for: "strong") {
                try await gate.pass()
                return 1
            }
        }
        try await waiting(1, for: "strong")
        let weak = Task { try await flights.value(for: "weak", joining: "strong") { 2 } }
        try await waiting(2, for: "strong")
        gate.open()
        #expect(try await [strong.value, weak.value] == [1, 1])
        #expect(try await flights.value(for: "weak", joining: "strong") { 2 } == 2)
    }
}
