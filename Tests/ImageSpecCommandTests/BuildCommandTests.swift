// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec build` with an engine that is a script: what the tool prints, and how it ends.
@Suite struct BuildCommandTests {
    /// Remembers what it was asked, says that no image exists, and builds whatever it is given.
    static let buildah = """
        #!/bin/sh
        echo "$*" >> "$LOG"
        case $1 in
        --version) echo 'buildah version 1.28.2 (image-spec 1.0)' ;;
        info) echo '{}' ;;
        inspect) [ -e "$LOG.exists" ] || { echo 'Error: image not known' >&2; exit 125; }; echo 'abc' ;;
        build)
            echo 'STEP 1/1: FROM scratch'
            while [ $# -gt 1 ]; do
                if [ "$1" = --iidfile ]; then echo sha256:1234 > "$2"; fi
                shift
            done
            [ -d "$1" ] || exit 9
            eval "$BUILDING" ;;
        *) exit 8 ;;
        esac
        """

    /// Runs a shell script in a folder with `a.json`, `b.json` and that engine alone.
    func run(
        _ script: String, files: [String: String] = [:], _ check: (Tool.Outcome, [String]) throws -> Void
    ) throws {
        let specs = [
            "a.json": #"{"name": "a", "base_image": "debian:1", "tag_format": "t{spec_hash:.8}"}"#,
            "b.json": #"{"name": "b", "base_image": {"name": "c", "base_image": "debian:1"}}"#,
            "bin/buildah": Self.buildah,
        ]
        try withFolder(of: specs.merging(files) { $1 }) { folder in
            let prepare = """
                for name in $(env | sed -n 's/^\\(FLYTE_[A-Z_]*\\)=.*/\\1/p') DOCKER_CONFIG BUILDING; do unset "$name"; done
                chmod +x bin/buildah; mkdir tmp
                for tool in sh cat sleep; do ln -s "$(command -v $tool)" bin/$tool; done
                export LOG=$PWD/log TMPDIR=$PWD/tmp TERM=dumb IMAGESPEC_CACHE=$PWD/cache
                tool() { PATH=$PWD/bin "$0" "$@"; }

                """
            let outcome = try Tool.shell(prepare + script, in: folder)
            let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/tmp") == [])
            try check(outcome, log.split(separator: "\n").map(String.init))
        }
    }

    private func name(_ file: String) throws -> String {
        var name = ""
        try run("tool name \(file)") { outcome, _ in name = outcome.lines[0] }
        return name
    }

    @Test func namesGoToStandardOutputInTheOrderOfTheSpecs() throws {
        let names = try [name("b.json"), name("a.json")]
        try run("tool build b.json a.json") { outcome, log in
            #expect(outcome.status == 0)
            #expect(outcome.text == names.joined(separator: "\n") + "\n")
            #expect(outcome.messages.contains("STEP 1/1: FROM scratch\n"))
            #expect(outcome.messages.contains("\(names[1]): built in "))
            // The base of b, b, a.
            #expect(log.filter { $0.hasPrefix("build ") }.count == 3)
        }
    }

    @Test func quietPrintsTheNameAlone() throws {
        let name = try name("a.json")
        try run("tool build --quiet a.json") { outcome, _ in
            #expect(outcome.text == name + "\n")
            #expect(outcome.messages == "")
        }
    }

    @Test func jsonSaysHowItCameAbout() throws {
        let name = try name("a.json")
        try run("tool build --json a.json; touch log.exists; tool build --json a.json") { outcome, _ in
            let objects = try outcome.lines.filter { !$0.isEmpty }.map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(objects.map { $0["image_name"] as? String } == [name, name])
            #expect(objects.map { $0["outcome"] as? String } == ["built", "found"])
            #expect(objects.map { $0["digest"] as? String } == ["sha256:1234", "sha256:abc"])
            #expect(objects.map { $0["engine"] as? String } == ["buildah 1.28.2", "buildah 1.28.2"])
            #expect(objects.allSatisfy { $0["duration"] is Double })
        }
    }

    @Test func existAsksTheEngineWhereThereIsNoRegistry() throws {
        let name = try name("a.json")
        try run("tool exist a.json; echo $?; touch log.exists; tool exist a.json; echo $?") { outcome, log in
            #expect(outcome.lines == ["absent \(name)", "1", "present \(name) sha256:abc", "0", ""])
            #expect(outcome.messages == "")
            #expect(!log.contains { $0.hasPrefix("build ") })
        }
    }

    @Test func forceBuildsWhatExists() throws {
        try run(
            "touch log.exists; tool build a.json; tool build --force a.json; FLYTE_FORCE_PUSH_IMAGE_SPEC=1 tool build a.json"
        ) {
            outcome, log in
            #expect(outcome.status == 0)
            #expect(log.filter { $0.hasPrefix("build ") }.count == 2)
        }
    }

    @Test(arguments: [
        #"{"builder": "kaniko"}"#, #"{"builder_options": {"engin": "docker"}}"#, #"{"cuda": "12"}"#,
    ])
    func whatIsWrongWithTheSecondSpecIsFoundBeforeTheFirstIsBuilt(_ second: String) throws {
        try run("tool build a.json second.json", files: ["second.json": second]) { outcome, log in
            #expect(outcome.status == 65)
            #expect(outcome.messages.contains("second.json"))
            #expect(log.isEmpty)
        }
    }

    @Test func insideAnExecutionThatIsSaid() throws {
        let name = try name("a.json")
        try run("export FLYTE_INTERNAL_EXECUTION_ID=; tool build a.json") { outcome, log in
            #expect(outcome.text == name + "\n")
            #expect(outcome.messages.contains("FLYTE_INTERNAL_EXECUTION_ID"))
            #expect(log.isEmpty)
        }
    }

    @Test func aFailedBuildEndsWith74AndNoName() throws {
        try run("export BUILDING='echo the reason; exit 3'; tool build --quiet a.json") { outcome, _ in
            #expect(outcome.status == 74)
            #expect(outcome.text == "")
            #expect(outcome.messages.contains("STEP 1/1: FROM scratch"))
            #expect(outcome.messages.contains("the reason"))
        }
    }

    @Test(
        arguments: [
            ("tool build", 66), ("tool build --engine envd a.json", 64), ("tool build gone.json", 66),
            ("tool build --engine docker a.json", 69), ("rm bin/buildah; tool build a.json", 69),
            ("tool build bad.json", 65), ("tool build a.json wrong.json", 65), ("tool build other.json", 65),
        ] as [(String, Int32)])
    func whatCannotBeBuiltEndsSo(_ script: String, _ status: Int32) throws {
        let files = [
            "bad.json": #"{"name": "A B"}"#, "wrong.json": #"{"nmae": "a"}"#,
            "other.json": #"{"builder": "kaniko"}"#,
        ]
        try run(script, files: files) { outcome, log in
            #expect(outcome.status == status)
            #expect(outcome.text == "")
            #expect(!outcome.messages.isEmpty)
            #expect(!log.contains { $0.hasPrefix("build ") })
        }
    }
}
