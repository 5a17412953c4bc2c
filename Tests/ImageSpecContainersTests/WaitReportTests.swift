// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// What a build waits for before its engine starts is reported if it takes long.
@Suite struct WaitReportTests {
    @Test func aLongStepIsReportedOnceAndAShortOneNever() async throws {
        let (reasons, continuation) = AsyncStream.makeStream(of: String.self)
        let report = WaitReport(limit: .zero) { continuation.yield($0) }
        await WaitReport.$current.withValue(report) {
            await WaitReport.step("long") {
                // Ends when it is reported.
                for await reason in reasons {
                    #expect(reason == "long")
                    break
                }
            }
        }
        let patient = WaitReport(limit: .seconds(3600)) { _ in Issue.record("a short step was reported") }
        await WaitReport.$current.withValue(patient) { await WaitReport.step("short") {} }
    }

    @Test func withoutABuildNothingIsReported() async {
        #expect(await WaitReport.step("registry") { 1 } == 1)
    }

    /// A registry, and a program, that answer only when it is shown that they are waited for.
    @Test(arguments: [true, false])
    func whatABuildWaitsForIsAnEvent(_ isRegistry: Bool) async throws {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/bin/buildah", mode: 0o755)
            let (events, continuation) = AsyncStream.makeStream(of: ImageSpec.BuildEvent.self)
            let waiting = Mutex<[ImageSpec.BuildEvent]>([])
            @Sendable func wait() async {
                for await event in events {
                    guard case .waiting = event else { continue }
                    waiting.withLock { $0.append(event) }
                    return
                }
            }
            let fake = FakeRunner { command in
                if command.arguments == ["info"], !isRegistry { await wait() }
                return .output(command.arguments == ["--version"] ? "buildah version 1.28.2" : "")
            }
            var registry = RegistryImages(existence: { _, _ in .absent }, specID: { _, _, _ in nil })
            registry.inspect = { _, _, _ in
                if isRegistry { await WaitReport.step("r.io") { await wait() } }
                return ImageSpec.Inspection(.absent)
            }
            let builder = ImageSpec.ContainerBuilder(
                engine: .buildah, runner: fake.runner, folders: [folder + "/bin"], registry: registry)
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let spec = ImageSpec(name: "a", registry: "r.io", baseImage: "debian:12")
            let name = try spec.imageName(in: context)
            _ = try await builder.build(
                ImageSpec.BuildRequest(
                    spec: spec, imageName: name, context: context, policy: .init(),
                    report: { continuation.yield($0) }))
            #expect(
                waiting.withLock { $0 } == [
                    .waiting(imageName: name, reason: isRegistry ? "r.io" : folder + "/bin/buildah")
                ])
        }
    }
}
