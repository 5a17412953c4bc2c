// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec build` of several specs, with an engine that is a script, and `imagespec graph`.
@Suite struct BuildGraphCommandTests {
    private static let files = [
        "base.yaml": "{name: base, base_image: 'debian:1'}",
        "left.yaml": "{name: left, base_image: ./base.yaml}",
        "right.yaml": "{name: right, base_image: ./base.yaml, env: {A: b}}",
        "bad.yaml": "{name: bad, base_image: 'debian:1', commands: [fail-me]}",
        "above.yaml": "{name: above, base_image: ./bad.yaml}",
        "slow.yaml": "{name: slow, base_image: 'debian:1', commands: [slow]}",
        "other.yaml": "{name: other, base_image: 'debian:1', commands: [slow, too]}",
    ]
    /// An engine that fails where the Dockerfile says so.
    private static let failing = """
        export BUILDING='case "$(cat "$1/Dockerfile")" in *fail-me*) echo the reason; exit 3 ;; esac'

        """

    private func run(_ script: String, _ check: (Tool.Outcome, [String]) throws -> Void) throws {
        try BuildCommandTests().run(script, files: Self.files) { outcome, log in
            try check(outcome, log.filter { $0.hasPrefix("build ") })
        }
    }

    private func names(_ files: String...) throws -> [String] {
        var names: [String] = []
        try run(files.map { "tool name \($0)" }.joined(separator: "; ")) { outcome, _ in
            names = outcome.lines.filter { !$0.isEmpty }
        }
        return names
    }

    // MARK: build

    @Test(arguments: [1, 4]) func aBaseThatIsSharedAndGivenTooIsBuiltOnce(_ jobs: Int) throws {
        let names = try names("left.yaml", "base.yaml", "right.yaml")
        try run("tool build --jobs \(jobs) left.yaml base.yaml right.yaml") { outcome, builds in
            #expect(outcome.status == 0)
            #expect(outcome.text == names.joined(separator: "\n") + "\n")
            #expect(builds.count == 3)
            #expect(builds.first?.contains(names[1]) == true)
            let table = outcome.messages.split(separator: "\n").suffix(5).map(String.init)
            #expect(table[0].hasPrefix("IMAGE "))
            #expect(table[1].hasPrefix("base:"))
            #expect(table[1].contains("…   built    "))
            #expect(table[1].hasSuffix(" s"))
            #expect(table[4] == "3 built")
            // Each line of an engine says of which image it is.
            #expect(outcome.messages.contains("… | STEP 1/1: FROM scratch\n"))
            #expect(!outcome.messages.contains("\nSTEP"))
        }
    }

    @Test func oneImageNeedsNoTable() throws {
        try run("tool build base.yaml") { outcome, _ in
            #expect(!outcome.messages.contains("IMAGE"))
            #expect(outcome.messages.contains("\nSTEP 1/1: FROM scratch\n"))
        }
    }

    @Test func aFailureStopsWhatIsAboveItAlone() throws {
        let names = try names("left.yaml", "right.yaml", "bad.yaml", "above.yaml")
        try run(Self.failing + "tool build left.yaml above.yaml right.yaml") { outcome, builds in
            #expect(outcome.status == 74)
            #expect(outcome.text == names[0] + "\n" + names[1] + "\n")
            #expect(builds.count == 4)
            #expect(outcome.messages.contains("\n\(names[2]): failed\n"))
            #expect(outcome.messages.contains("the reason"))
            #expect(
                outcome.messages.contains(
                    "imagespec: \(names[3]): not built: the build of its base image \(names[2]) failed"))
            #expect(outcome.messages.hasSuffix("\n3 built, 1 failed, 1 not built\n"))
        }
    }

    @Test func jsonHasAnObjectForEachSpec() throws {
        let names = try names("left.yaml", "bad.yaml", "above.yaml")
        try run(Self.failing + "tool build --json --quiet left.yaml bad.yaml above.yaml") { outcome, _ in
            #expect(outcome.status == 74)
            let objects = try outcome.lines.filter { !$0.isEmpty }.map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(objects.map { $0["image_name"] as? String } == names)
            #expect(objects.map { $0["outcome"] as? String } == ["built", "failed", "not_built"])
            let problems = objects.map { ($0["problems"] as? [[String: Any]])?.first }
            #expect(problems.map { $0?["code"] as? String } == [nil, "toolFailed", "baseNotBuilt"])
            #expect((problems[1]?["message"] as? String)?.contains("the reason") == true)
            #expect(!outcome.messages.contains("IMAGE"))
            #expect(outcome.messages.hasPrefix("imagespec: "))
        }
    }

    @Test(
        arguments: [
            ("tool build --jobs 0 base.yaml", 64), ("tool build --jobs x base.yaml", 64),
            ("tool build --engine docker left.yaml right.yaml", 69), ("tool build left.yaml gone.yaml", 66),
        ] as [(String, Int32)])
    func whatCannotBeBuiltEndsSo(_ script: String, _ status: Int32) throws {
        try run(script) { outcome, builds in
            #expect(outcome.status == status, "\(outcome.messages)")
            #expect(outcome.text == "")
            #expect(builds.isEmpty)
        }
    }

    /// Each build waits for another one to run.
    private static let together = """
        export BUILDING=': > "$LOG.$$"; count=0
        until set -- "$LOG".[0-9]*; [ $# -ge 2 ]; do
            count=$((count + 1)); [ $count -lt 600 ] || exit 9; sleep 0.05
        done'

        """

    @Test func imagesThatDoNotNeedEachOtherAreBuiltAtOnce() throws {
        try run(Self.together + "tool build --jobs 2 slow.yaml other.yaml") { outcome, builds in
            #expect(outcome.status == 0, "\(outcome.messages)")
            #expect(builds.count == 2)
        }
    }

    @Test func aSignalEndsAllThatRunsAndShowsWhatWasBuilt() throws {
        let script = """
            export BUILDING='case "$(cat "$1/Dockerfile")" in
            *slow*) trap "echo ended >> \\"$LOG\\"; exit 1" TERM; echo started >> "$LOG"; sleep 60 & wait ;; esac'
            PATH=$PWD/bin "$0" build --jobs 2 base.yaml slow.yaml other.yaml & pid=$!
            count=0
            until [ "$(grep -c started log)" = 2 ] || [ $count = 1200 ]; do count=$((count + 1)); sleep 0.05; done
            kill -TERM $pid; wait $pid
            """
        try BuildCommandTests().run(script, files: Self.files) { outcome, log in
            #expect(outcome.status == 143)
            #expect(log.filter { $0 == "ended" }.count == 2)
            #expect(outcome.text == "")
            #expect(outcome.messages.hasSuffix("\n1 built, 2 stopped\n"), "\(outcome.messages)")
        }
    }

    @Test(.enabled(if: access("/usr/bin/script", X_OK) == 0, "needs script of util-linux"))
    func aTerminalShowsALineForEachThatIsBuilt() throws {
        let script =
            Self.together + """
                echo 'stty cols 60 rows 24; PATH=$PWD/bin exec "$TOOL" build --jobs 2 slow.yaml other.yaml' > run
                export TOOL=$0 TERM=xterm
                exec /usr/bin/script -qec '/bin/sh run' /dev/null
                """
        try run(script) { outcome, _ in
            #expect(outcome.status == 0)
            let blocks = outcome.text.components(separatedBy: "\u{1B}[J")
            let both = try #require(
                blocks.first { $0.contains("0 of 2 done, 2 building") && $0.contains("other:") })
            #expect(both.contains("  slow:"))
            #expect(both.utf8.count { $0 == UInt8(ascii: "\n") } >= 2)
            // What stays is the table, below no rest of a block.
            #expect(try #require(blocks.last).contains("2 built"))
            #expect(!(try #require(blocks.last).contains(" building")))
        }
    }

    @Test(.enabled(if: access("/usr/bin/script", X_OK) == 0, "needs script of util-linux"))
    func anImageThatIsBegunElsewhereHasOneLine() throws {
        let buildctl = """
            #!/bin/sh
            case "$*" in
            --version) echo "buildctl github.com/moby/buildkit v0.12.5 bac3f2b" ;;
            *"first:1 debug workers"*) [ ! -e gone ] ;;
            *"first:1 build"*) : > gone; echo begun; exit 1 ;;
            *build*) echo again; : > again
                count=0
                until [ -e seen ] || [ $count = 100 ]; do count=$((count + 1)); sleep 0.05; done ;;
            esac
            """
        let options =
            #""registry": "localhost:5998", "builder_options": {"addresses": ["tcp://first:1", "tcp://b:1"]}"#
        let files = [
            "bin/buildctl": buildctl, "box.json": #"{"name": "box", "base_image": "debian:1", \#(options)}"#,
            "other.json": #"{"name": "other", "base_image": "debian:1", "builder": "noop"}"#,
        ]
        let script = """
            chmod +x bin/buildctl
            echo 'stty cols 90 rows 24; PATH=$PWD/bin exec "$TOOL" build --force box.json other.json' > run
            export TOOL=$0 TERM=xterm
            (until [ -e again ]; do sleep 0.05; done; sleep 0.3; : > seen) &
            exec /usr/bin/script -qec '/bin/sh run' /dev/null
            """
        try BuildCommandTests().run(script, files: files) { outcome, _ in
            let blocks = outcome.text.components(separatedBy: "\u{1B}[J")
            #expect(blocks.contains { $0.contains("  box:") && $0.contains(" | begun") }, "\(outcome.text)")
            #expect(blocks.contains { $0.contains("  box:") && $0.contains(" | again") }, "\(outcome.text)")
            for block in blocks {
                #expect(block.components(separatedBy: "\n  box:").count <= 2, "\(block)")
                #expect(!block.contains("2 building"), "\(block)")
            }
        }
    }

    // MARK: graph

    @Test func specsWithAndWithoutTheNameOfTheDefaultBuilderAreOneImage() throws {
        let files = [
            "a.json": #"{"name": "t", "base_image": "debian:1"}"#,
            "b.json": #"{"name": "t", "base_image": "debian:1", "builder": "default"}"#,
            "c.json": #"{"name": "c", "base_image": "./a.json"}"#,
            "d.json": #"{"name": "d", "base_image": "./b.json"}"#,
        ]
        try BuildCommandTests().run("tool graph c.json d.json", files: files) { outcome, _ in
            #expect(outcome.lines.filter { $0.contains("[\"") }.count == 3)
            #expect(outcome.lines.filter { $0.contains("-->") } == ["    n0 --> n1", "    n0 --> n2"])
        }
        try BuildCommandTests().run("tool build --force c.json d.json a.json", files: files) { outcome, log in
            #expect(outcome.status == 0)
            #expect(log.filter { $0.hasPrefix("build ") }.count == 3)
            #expect(outcome.messages.hasSuffix("\n3 built\n"))
        }
    }

    @Test func whatIsWrongWithABaseIsSaidOnceAtItsPlace() throws {
        let files = [
            "base.json": #"{"name": "b", "base_image": "debian:1", "cuda": "12"}"#,
            "top.json": #"{"name": "t", "base_image": "./base.json"}"#,
        ]
        try BuildCommandTests().run("tool build top.json", files: files) { outcome, _ in
            #expect(outcome.status == 65)
            #expect(outcome.messages.hasPrefix("imagespec: top.json: base_image: base.json:1:49: cuda"))
            #expect(outcome.messages.components(separatedBy: "cuda: ").count == 2, "\(outcome.messages)")
        }
        try BuildCommandTests().run("tool build top.json base.json", files: files) { outcome, _ in
            #expect(outcome.messages.hasPrefix("imagespec: base.json:1:49: cuda"))
        }
    }

    @Test func graphPrintsEachImageOnce() throws {
        try run("tool graph left.yaml base.yaml right.yaml; tool graph --format dot left.yaml") {
            outcome, builds in
            #expect(outcome.status == 0)
            #expect(outcome.messages == "")
            let lines = outcome.lines
            #expect(lines[0] == "flowchart LR")
            #expect(lines[1].hasPrefix("    n0[\"base:"))
            #expect(lines[2].hasPrefix("    n1[\"left:"))
            #expect(lines[3].hasPrefix("    n2[\"right:"))
            #expect(lines[4...5] == ["    n0 --> n1", "    n0 --> n2"])
            #expect(lines[6] == "digraph images {")
            #expect(lines.suffix(3) == ["    n0 -> n1;", "}", ""])
            #expect(builds.isEmpty)
        }
    }

    @Test(
        arguments: [
            ("tool graph", 66), ("tool graph --format svg base.yaml", 64), ("tool graph gone.yaml", 66),
            ("tool graph base.yaml wrong.yaml", 65),
        ] as [(String, Int32)])
    func whatHasNoGraphEndsSo(_ script: String, _ status: Int32) throws {
        let files = ["base.yaml": "{}", "wrong.yaml": "{name: A B}"]
        try BuildCommandTests().run(script, files: files) { outcome, _ in
            #expect(outcome.status == status)
            #expect(outcome.text == "")
            #expect(!outcome.messages.isEmpty)
        }
    }
}
