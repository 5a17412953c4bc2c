// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree

@Suite struct BuildPolicyTests {
    struct Variables: Sendable, CustomTestStringConvertible {
        var environment: [String: String]
        var policy: ImageSpec.BuildPolicy
        var testDescription: String { "\(environment)" }
    }

    // Source: flytekit, which takes any other text for true in the first and third, and for false in the second.
    @Test(arguments: [
        Variables(environment: [:], policy: .init()),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": "true"], policy: .init(isForcePush: true)),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": ""], policy: .init(isForcePush: true)),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": " false"], policy: .init(isForcePush: true)),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": "n"], policy: .init(isForcePush: true)),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": "FALSE"], policy: .init()),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": "0"], policy: .init()),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": "Off"], policy: .init()),
        Variables(environment: ["FLYTE_FORCE_PUSH_IMAGE_SPEC": "no"], policy: .init()),
        Variables(environment: ["FLYTE_PUSH_IMAGE_SPEC": "True"], policy: .init()),
        Variables(environment: ["FLYTE_PUSH_IMAGE_SPEC": "1"], policy: .init()),
        Variables(environment: ["FLYTE_PUSH_IMAGE_SPEC": "0"], policy: .init(pushes: false)),
        Variables(environment: ["FLYTE_PUSH_IMAGE_SPEC": "yes"], policy: .init(pushes: false)),
        Variables(environment: ["FLYTE_PUSH_IMAGE_SPEC": ""], policy: .init(pushes: false)),
        Variables(environment: ["FLYTE_IMG_FAST_FAIL": "1"], policy: .init(failsFast: true)),
        Variables(environment: ["FLYTE_IMG_FAST_FAIL": "no"], policy: .init()),
        Variables(environment: ["FLYTE_INTERNAL_EXECUTION_ID": ""], policy: .init(isInsideExecution: true)),
    ])
    func variablesAreReadAsFlytekitReadsThem(_ row: Variables) {
        #expect(ImageSpec.BuildPolicy { row.environment[$0] } == row.policy)
    }

    @Test func whatIsAbsentIsBuiltAndWhatIsThereIsUsed() throws {
        let policy = ImageSpec.BuildPolicy()
        #expect(try policy.decision(for: "a:1", .absent) == .build)
        #expect(try policy.decision(for: "a:1", .present(digest: nil)) == .use)
    }

    @Test(arguments: [
        (ImageSpec.BuildPolicy(), false),
        (ImageSpec.BuildPolicy(assumesExists: true), true),
        (ImageSpec.BuildPolicy(assumesExists: true, failsFast: true), false),
        (ImageSpec.BuildPolicy(failsFast: true), false),
    ])
    func whatNobodyCanTellIsAnErrorUnlessItIsAssumed(_ policy: ImageSpec.BuildPolicy, _ isAssumed: Bool)
        throws
    {
        let existence = ImageSpec.Existence.unknown(reason: "401 for https://me:secret@r.io")
        if isAssumed {
            guard case .assume(let warning) = try policy.decision(for: "a:1", existence) else {
                Issue.record("it is not assumed")
                return
            }
            #expect(warning.contains("a:1"))
            #expect(!warning.contains("secret"))
        } else {
            let error = #expect(throws: ImageSpecError.self) { try policy.decision(for: "a:1", existence) }
            #expect(error?.code == .existenceUnknown)
            #expect(error?.message.contains("401") == true)
            #expect(error?.message.contains("secret") == false)
        }
    }

    @Test func runtimePackagesBecomeAVariable() {
        #expect(ImageSpec().runtimeEnvironment == [:])
        #expect(ImageSpec().withRuntimePackages([]).runtimeEnvironment == [:])
        #expect(
            ImageSpec().withRuntimePackages("ipdb", "six==1.16.0").runtimeEnvironment
                == ["_F_RUNTIME_PACKAGES": "ipdb six==1.16.0"])
    }
}
