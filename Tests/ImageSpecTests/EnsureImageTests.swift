// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

/// One function decides for all builders whether an image is built.
@Suite struct EnsureImageTests {
    typealias Outcome = ImageSpec.BuildResult.Outcome

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var policy = ImageSpec.BuildPolicy()
        var isForced = false
        var inspection: ImageSpec.Inspection
        /// The outcome; nil if the request fails with `existenceUnknown`.
        var outcome: Outcome?
        var calls: [String]
        var warnings: [String] = []
    }

    static let spec = ImageSpec(name: "a", packages: ["six"])
    private static let unknown = ImageSpec.Inspection(.unknown(reason: "timeout"))
    private static let present = ImageSpec.Inspection(.present(digest: "sha256:d"), specID: spec.id)
    private static let absent = ImageSpec.Inspection(.absent)

    static let cases = [
        Case(testDescription: "absent", inspection: absent, outcome: .built, calls: ["inspect", "build"]),
        Case(testDescription: "present", inspection: present, outcome: .found, calls: ["inspect"]),
        Case(
            testDescription: "present without a label", inspection: .init(.present(digest: "sha256:d")),
            outcome: .found, calls: ["inspect"]),
        Case(
            testDescription: "present with the label of another spec",
            inspection: .init(.present(digest: "sha256:d"), specID: "1234"), outcome: .found,
            calls: ["inspect"], warnings: ["was built from a spec with another id (1234)"]),
        Case(testDescription: "unknown", inspection: unknown, outcome: nil, calls: ["inspect"]),
        Case(
            testDescription: "unknown, assumed", policy: .init(assumesExists: true), inspection: unknown,
            outcome: .assumed, calls: ["inspect"],
            warnings: ["cannot determine whether a:1 exists, assuming that it does: timeout"]),
        Case(
            testDescription: "unknown, failing fast", policy: .init(assumesExists: true, failsFast: true),
            inspection: unknown, outcome: nil, calls: ["inspect"]),
        Case(
            testDescription: "forced by the spec", isForced: true, inspection: present, outcome: .built,
            calls: ["build"]),
        Case(
            testDescription: "forced by the policy", policy: .init(isForcePush: true), inspection: present,
            outcome: .built, calls: ["build"]),
        Case(
            testDescription: "in an execution", policy: .init(isForcePush: true, isInsideExecution: true),
            isForced: true, inspection: absent, outcome: .skipped, calls: []),
    ]

    @Test(arguments: cases)
    func anImageIsBuiltOnlyIfItIsAbsentOrForced(_ example: Case) async throws {
        let calls = Mutex<[String]>([])
        let warnings = Mutex<[String]>([])
        let request = ImageSpec.BuildRequest(
            spec: example.isForced ? Self.spec.forcePush() : Self.spec, imageName: "a:1",
            context: .init(workingDirectory: "/", hostArchitecture: "x86_64"), policy: example.policy
        ) { event in
            if case .warning(let text) = event { warnings.withLock { $0.append(text) } }
        }
        do {
            let result = try await request.ensureImage(
                inspect: {
                    calls.withLock { $0.append("inspect") }
                    return example.inspection
                },
                build: {
                    calls.withLock { $0.append("build") }
                    return .init(imageName: "a:1", outcome: .built)
                })
            #expect(result.outcome == example.outcome)
            #expect(result.imageName == "a:1")
            #expect(result.digest == (result.outcome == .found ? "sha256:d" : nil))
        } catch let error as ImageSpecError {
            #expect(example.outcome == nil)
            #expect(error.code == .existenceUnknown)
        }
        #expect(calls.withLock { $0 } == example.calls)
        let found = warnings.withLock { $0 }
        #expect(found.count == example.warnings.count)
        for (text, part) in zip(found, example.warnings) { #expect(text.contains(part), "\(text)") }
    }

    @Test func anImageThatIsFoundHasTheNameAndTheEngineOfTheInspection() async throws {
        let request = ImageSpec.BuildRequest(
            spec: Self.spec, imageName: "a:1",
            context: .init(workingDirectory: "/", hostArchitecture: "x86_64"), policy: .init())
        let result = try await request.ensureImage(
            inspect: { .init(.present(digest: nil), imageName: "b:2", engine: "docker 1") },
            build: { throw CancellationError() })
        #expect(result == .init(imageName: "b:2", outcome: .found, engine: "docker 1"))
    }
}
