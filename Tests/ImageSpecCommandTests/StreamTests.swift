// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Streams and files that are not as one hopes.
@Suite struct StreamTests {
    static let hasFullDevice = FileManager.default.fileExists(atPath: "/dev/full")
    /// Opening it succeeds, for root as well; reading it does not.
    static let unreadableFile = "/proc/self/mem"
    static let hasUnreadableFile = FileManager.default.fileExists(atPath: unreadableFile)
    static let hasSHA256Sum = FileManager.default.isExecutableFile(atPath: "/usr/bin/sha256sum")

    @Test(
        .enabled(if: hasFullDevice, "needs /dev/full"),
        arguments: [
            "id a.yaml", "tag --json a.yaml", "document --tag a.yaml", "files a.yaml", "render a.yaml",
            "check --json a.yaml", "context a.yaml out", "--help", "--version",
            "help tag",
        ])
    func aFullOutputIsAnError(_ arguments: String) throws {
        try withFolder(of: ["a.yaml": "copy: [a.yaml]"]) { folder in
            let outcome = try Tool.shell("\"$0\" \(arguments) > /dev/full", in: folder)
            #expect(outcome.status == 73)
            #expect(
                outcome.messages == "imagespec: cannot write to standard output: no space left on device\n")
        }
    }

    @Test func aClosedOutputIsAnError() throws {
        try withFolder(of: ["a.yaml": "{}"]) { folder in
            let outcome = try Tool.shell("\"$0\" id a.yaml >&-", in: folder)
            #expect(outcome.status == 73)
            #expect(outcome.messages.contains("cannot write to standard output"))
        }
    }

    /// The next file that is opened must not become standard output.
    @Test(
        .timeLimit(.minutes(20)),
        arguments: [
            "id a.yaml", "tag --json a.yaml", "document --tag a.yaml", "files a.yaml", "render a.yaml",
            "context a.yaml out", "context --tar - a.yaml", "context --tar out.tar a.yaml",
            "tag --snapshot out.json a.yaml", "diff a.yaml b.yaml", "init --output - .", "--help",
            "graph a.yaml",
        ], [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
    func closedStreamsAreAnError(_ arguments: String, _ closed: String) throws {
        try withFolder(of: ["a.yaml": "copy: [b]", "b": "b", "b.yaml": "{}"]) { folder in
            let outcome = try Tool.shell("\"$0\" \(arguments) \(closed)", in: folder)
            #expect(outcome.status == 73 || arguments.hasPrefix("diff") && outcome.status == 1)
            #expect(outcome.text == "")
            #expect(outcome.messages.isEmpty == closed.contains("2>"), "\(outcome.messages)")
            let contents = try String(contentsOfFile: folder + "/b", encoding: .utf8)
            #expect(contents == "b")
        }
    }

    /// As `imagespec … | head` ends: without a word.
    @Test func anOutputThatNobodyReadsEndsTheToolQuietly() throws {
        try withFolder(of: ["a.yaml": "{}"]) { folder in
            let process = Process()
            let output = Pipe()
            let messages = Pipe()
            try output.fileHandleForReading.close()
            process.executableURL = URL(fileURLWithPath: Tool.path)
            process.arguments = ["id", folder + "/a.yaml"]
            process.standardOutput = output
            process.standardError = messages
            try process.runWithoutBlockedSignals()
            process.waitUntilExit()
            try messages.fileHandleForWriting.close()
            #expect(try messages.fileHandleForReading.readToEnd() ?? Data() == Data())
            #expect(process.outcomeStatus == -SIGPIPE)
        }
    }

    @Test func whoIgnoresBrokenPipesIsToldOfThem() throws {
        try withTemporaryFolder { folder in
            // The tool writes after its input has ended, and its reader is gone before that.
            let script = """
                trap '' PIPE
                mkfifo in out
                { exec 3< out; exec 3<&-; echo '{}'; } > in &
                "$0" id - < in > out
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == 73)
            #expect(
                outcome.messages == "imagespec: cannot write to standard output: broken pipe\n")
        }
    }

    @Test(.timeLimit(.minutes(20)), arguments: [SIGINT, SIGTERM])
    func aSignalEndsTheTool(_ signal: Int32) throws {
        let process = Process()
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: Tool.path)
        process.arguments = ["id", "-"]
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        try process.runWithoutBlockedSignals()
        kill(process.processIdentifier, signal)
        // A tool that the signal does not end meets the end of its input, and the test fails rather than waits.
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.outcomeStatus == -signal)
    }

    @Test func aClosedErrorStreamChangesNoStatus() throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.shell("\"$0\" id a.yaml 2>&-", in: folder)
            #expect(outcome.status == 66)
            #expect(outcome.text == "")
        }
    }

    @Test(arguments: ["\"$0\" id - <&-", "\"$0\" id - < ."])
    func anInputThatCannotBeReadIsAnError(_ script: String) throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == 66)
            #expect(outcome.messages.hasPrefix("imagespec: cannot read standard input: "))
        }
    }

    @Test(
        .enabled(if: hasUnreadableFile, "needs a file that opens but cannot be read, /proc/self/mem"),
        arguments: [
            ("id link.yaml", "imagespec: \"link.yaml\" (in "),
            ("tag --within /proc requirements.yaml", "requirements: "),
            ("tag --within /proc copy.yaml", "copy[0]: "),
            ("tag --within /proc source.yaml", "source_root: "),
        ])
    func aFileThatCannotBeReadIsAnError(_ arguments: String, _ fragment: String) throws {
        let files = [
            "requirements.yaml": "requirements: link.txt", "copy.yaml": "copy: [link.txt]",
            "source.yaml": "source_root: src",
            "src/a.py": "",
        ]
        try withFolder(of: files) { folder in
            let script = """
                for link in link.yaml link.txt src/link.py; do ln -s \(Self.unreadableFile) $link; done
                "$0" \(arguments)
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == 66)
            #expect(outcome.messages.contains(fragment))
            #expect(
                outcome.messages.contains("cannot read \"") || outcome.messages.contains(" cannot be read: "))
            #expect(outcome.text == "")
        }
    }

    @Test(
        .enabled(if: getuid() != 0, "root reads every file"),
        arguments: ["id locked.yaml", "tag requirements.yaml", "tag copy.yaml", "tag source.yaml"])
    func aFileWithoutPermissionIsAnError(_ arguments: String) throws {
        let files = [
            "locked.yaml": "{}", "requirements.yaml": "requirements: locked.yaml",
            "copy.yaml": "copy: [locked.yaml]",
            "source.yaml": "source_root: src", "src/a/a.py": "",
        ]
        try withFolder(of: files) { folder in
            let outcome = try Tool.shell(
                "chmod 0 locked.yaml src/a; \"$0\" \(arguments); status=$?; chmod 700 src/a; exit $status",
                in: folder)
            #expect(outcome.status == 66)
            #expect(outcome.messages.contains("permission denied"))
        }
    }

    @Test func aPipeIsASpecFileToo() throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.shell("mkfifo a.yaml; echo '{}' > a.yaml & \"$0\" id a.yaml", in: folder)
            #expect(outcome.text == CommandTests.emptyID + "\n")
        }
    }

    @Test(
        .enabled(if: hasSHA256Sum, "needs sha256sum"),
        arguments: [("id", "--id", "id"), ("tag", "--tag", "content_digest")])
    func theDigestOfADocumentIsItsName(_ command: String, _ kind: String, _ key: String) throws {
        let files = [
            "a.yaml":
                "env: {É: \"\\u00e9\\\"\\n\"}\ncopy: [b]\ntag_format: '{spec_hash}'\nbuilder_options: {x: 1.50}",
            "b/c": "d",
        ]
        try withFolder(of: files) { folder in
            let digest = try Tool.shell(
                "\"$0\" document \(kind) a.yaml | sha256sum | cut -c 1-64", in: folder)
            let name = try Tool.run([command, "a.yaml"], in: folder)
            let object = try Tool.run([command, "--json", "a.yaml"], in: folder)
            #expect(digest.text == name.text)
            #expect(digest.text.utf8.count == 65)
            let json = try JSONSerialization.jsonObject(with: object.output) as? [String: Any]
            #expect(json?[key] as? String == String(digest.text.dropLast()))
        }
    }
}
