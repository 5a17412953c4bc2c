// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ImageSpecContainers

/// The output of `docker buildx inspect`, of buildx 0.13.
@Suite struct BuildxBuilderTests {
    @Test(
        arguments: [
            (
                [
                    "Name:          rem", "Driver:        remote",
                    "Last Activity: 2026-11-30 16:40:14 +0000 UTC",
                    "", "Nodes:", "Name:             rem0", "Endpoint:         unix:///var/tmp/bk.sock",
                    "Status:           running", "BuildKit version: v0.12.5", "Labels:",
                    " org.mobyproject.buildkit.worker.hostname: Driver",
                ], "remote", true, false
            ),
            (
                [
                    "Name:          dead", "Driver:        remote", "", "Nodes:", "Name:     dead0",
                    "Endpoint: tcp://127.0.0.1:9", "Status:   inactive",
                ], "remote", false, false
            ),
            (
                ["Name: dc", "Driver: docker-container", "", "Nodes:", "Name: dc0", "Status: inactive"],
                "docker-container", false, true
            ),
            (
                [
                    "Name: two", "Driver: kubernetes", "Nodes:", "Status: inactive", "Status: running",
                ], "kubernetes", true, true
            ),
            (["Name: default", "Driver: docker", "Nodes:", "Name: default"], "docker", true, false),
            (["Driver: remote", "Nodes:", "Error: x509: unknown authority"], "remote", false, false),
        ] as [([String], String, Bool, Bool)])
    func theDriverAndTheStatusAreRead(
        _ lines: [String], _ driver: String, _ isRunning: Bool, _ canBeStarted: Bool
    ) {
        let builder = BuildxBuilder(lines)
        #expect(builder.driver == driver)
        #expect(builder.isRunning == isRunning)
        #expect(builder.canBeStarted == canBeStarted)
    }
}
