// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree
@testable import ImageSpecContainers
@testable import ImageSpecLayers

/// What is reported of a failed build. The lines are those that engines print.
@Suite struct BuildFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var printed: [String]
        var stage: String
        var reason: String
        var lines: [String] = []
    }

    static let cases = [
        Case(
            testDescription: "buildx 0.36: a step",
            printed: [
                "#5 [2/3] RUN echo one; exit 3", "#5 0.312 one",
                "#5 ERROR: process \"/bin/sh -c echo one; exit 3\" did not complete successfully: exit code: 3",
                "------", " > [2/3] RUN echo one; exit 3:", "0.312 one", "------", "Dockerfile:2",
                "ERROR: failed to build: failed to solve: process \"/bin/sh -c echo one; exit 3\" did not complete successfully: exit code: 3",
            ], stage: "[2/3] RUN echo one; exit 3", reason: "exit status 3", lines: ["one"]),
        Case(
            testDescription: "a push, whose step has no bracket",
            printed: [
                "#7 [3/3] RUN true", "#7 0.1 a", "#7 DONE 0.1s", "#8 exporting to image",
                "#8 exporting layers 0.2s done", "#8 pushing layers 0.1s done",
                "#8 ERROR: failed to push r.io/a:1: unexpected status from HEAD request: 401 Unauthorized",
                "------", " > exporting to image:", "------",
                "ERROR: failed to build: failed to solve: failed to push r.io/a:1: unexpected status from HEAD request: 401 Unauthorized",
            ], stage: "exporting to image",
            reason: "failed to push r.io/a:1: unexpected status from HEAD request: 401 Unauthorized"),
        Case(
            testDescription: "output that contains ERROR is not a failure of its step",
            printed: [
                "#7 [2/4] RUN lint", "#7 0.1 harmless ERROR here", "#7 DONE 0.2s", "#8 [3/4] RUN false",
                "#8 ERROR: process \"/bin/sh -c false\" did not complete successfully: exit code: 1",
                "#9 [4/4] RUN late", "#9 0.2 another ERROR: here", "#9 CANCELED",
                "ERROR: failed to solve: process \"/bin/sh -c false\" did not complete successfully: exit code: 1",
            ], stage: "[3/4] RUN false", reason: "exit status 1"),
        Case(
            testDescription: "an import of a cache that fails is not the failure of the build",
            printed: [
                "#4 importing cache manifest from r.io/c",
                "#4 ERROR: failed to configure registry cache importer: r.io/c: not found",
                "#5 [2/2] RUN sleep 60",
                "error: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
            ], stage: "building",
            reason:
                "failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"
        ),
        Case(
            testDescription: "docker 20.10",
            printed: [
                "#5 [2/3] RUN true", "#5 DONE 0.1s", "#6 [3/3] RUN false",
                "#6 ERROR: executor failed running [/bin/sh -c false]: exit code: 1", "------",
                " > [3/3] RUN false:", "------", "executor failed running [/bin/sh -c false]: exit code: 1",
            ], stage: "[3/3] RUN false", reason: "exit status 1"),
        Case(
            testDescription: "buildctl",
            printed: [
                "#3 [1/2] FROM docker.io/library/nope:1", "#3 ERROR: docker.io/library/nope:1: not found",
                "error: failed to solve: nope:1: failed to resolve source metadata for docker.io/library/nope:1: docker.io/library/nope:1: not found",
            ], stage: "[1/2] FROM docker.io/library/nope:1",
            reason: "docker.io/library/nope:1: not found"),
        Case(
            testDescription: "a client that fails before any step",
            printed: ["ERROR: failed to build: no builder \"team\" found"], stage: "building",
            reason: "no builder \"team\" found"),
        Case(
            testDescription: "buildah",
            printed: [
                "STEP 4/5: USER root", "STEP 5/5: RUN echo one; exit 3", "one",
                "subprocess exited with status 3",
                "Error: building at STEP \"RUN echo one; exit 3\": exit status 3",
            ], stage: "STEP 5/5: RUN echo one; exit 3", reason: "exit status 3", lines: ["one"]),
        Case(
            testDescription: "buildah for several platforms",
            printed: [
                "[linux/amd64] STEP 6/10: RUN false", "[linux/arm64] STEP 5/10: RUN id",
                "Error: 2 errors occurred:",
                "\t* building at STEP \"RUN false\": while running runtime: exit status 1",
                "\t* building at STEP \"RUN id\": while running runtime: signal: killed", "",
            ], stage: "[linux/amd64] STEP 6/10: RUN false", reason: "exit status 1"),
        Case(
            testDescription: "podman",
            printed: [
                "STEP 2/2: RUN x", "one", "two", "Error: creating build container: no space left on device",
            ], stage: "STEP 2/2: RUN x", reason: "creating build container: no space left on device",
            lines: ["one", "two"]),
    ]

    @Test(arguments: cases)
    func theStepAndTheReasonAreFound(_ example: Case) {
        let failure = BuildFailure(
            step: .build, printed: example.printed,
            outcome: CommandOutcome(status: .exited(1), output: example.printed))
        #expect(failure.stage == example.stage)
        #expect(failure.reason == example.reason)
        #expect(failure.lines == example.lines)
    }

    @Test(arguments: [
        ("ERROR: failed to build: failed to solve: x: not found", "x: not found"),
        ("error: failed to solve: ERROR: x", "x"), ("Error: x", "x"), ("errors: x", "errors: x"),
        ("ERROR: ", ""),
        (
            "process \"/bin/sh -c true\" did not complete successfully: network bridge not found",
            "network bridge not found"
        ),
    ])
    func labelsOfProgramsAreRemoved(_ message: String, _ reason: String) {
        #expect(BuildFailure.withoutLabels(message) == reason)
    }

    @Test func theFirstLineOfEachNumberIsATitle() {
        var titles = StepTitles()
        let lines = [
            ("#1 [internal] load .dockerignore", true), ("#1 transferring context: 2B", false),
            ("#2 exporting to image", true), ("#1 [internal] load .dockerignore", false),
            ("STEP 1/2: FROM a", true), ("[linux/arm64] STEP 1/2: FROM a", true), ("#3", false),
            ("# a comment", false), ("[1/2] STEP without a number", false),
        ]
        for (line, isTitle) in lines { #expect(titles.isTitle(line) == isTitle, "\(line)") }
    }

    // Source: buildx 0.36, of a base that does not have the platform.
    @Test func warningsOfBuildKitAreRead() {
        let warning =
            "InvalidBaseImagePlatform: Base image r.io/base:1 was pulled with platform \"linux/amd64\", expected \"linux/arm64\" for current build (line 1)"
        let undefined = "UndefinedVar: Usage of undefined variable '$LD_LIBRARY_PATH' (line 9)"
        let printed = [
            "#7 0.1  1 warning found", "#8 DONE 0.1s", "",
            " \u{1B}[33m2 warnings found (use docker --debug to expand):", "\u{1B}[0m - " + warning,
            " - " + undefined, "View build details: docker-desktop://dashboard",
        ]
        #expect(BuildWarnings.read(printed) == [warning])
        #expect(BuildWarnings.read(["#8 DONE 0.1s", " - " + warning]) == [])
    }
}
