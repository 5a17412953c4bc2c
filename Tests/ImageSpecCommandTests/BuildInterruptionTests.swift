// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec build` that is interrupted, with an engine that is a script.
@Suite struct BuildInterruptionTests {
    /// The tool while its engine builds; its standard error is a file unless it is given.
    private struct Running {
        let process: Process
        let folder: String

        /// An engine that waits for that reads a line from `go`.
        func letTheEngineGo() {
            let pipe = open(folder + "/go", O_RDWR)
            _ = write(pipe, "go\n", 3)
            // Open until the engine has read it: a pipe that nobody holds is empty.
            var event = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            for _ in 0..<10_000 where poll(&event, 1, 0) == 1 { usleep(1000) }
            close(pipe)
        }

        var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }
        var temporaryFiles: [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: folder + "/tmp")) ?? []
        }
    }

    /// Says that it was ended.
    private static let ending = "trap 'echo ended >> \"$LOG\"; exit 1' TERM; "

    /// Runs the tool, by a shell command that has it as arguments, until its engine calls `started`.
    private func whileBuilding(
        _ building: String, prefix: String = #"exec "$@""#, messages: FileHandle = .nullDevice,
        _ body: (Running) throws -> Void
    ) throws {
        let files = [
            "a.json": #"{"name": "a", "base_image": "debian:1"}"#, "bin/buildah": BuildCommandTests.buildah,
            "tmp/.keep": "",
        ]
        try withFolder(of: files) { folder in
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: folder + "/bin/buildah")
            for name in ["started", "go"] { #expect(mkfifo(folder + "/" + name, 0o600) == 0) }
            // Open for writing too, so that opening does not wait for the engine.
            let started = open(folder + "/started", O_RDWR)
            defer { close(started) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = [
                "-c", prefix, "sh", Tool.path, "build", "--engine", "buildah", folder + "/a.json",
            ]
            process.environment = [
                "PATH": folder + "/bin:/usr/bin:/bin", "TMPDIR": folder + "/tmp", "LOG": folder + "/log",
                "BUILDING": #"started() { echo > "${LOG%log}started"; }; "# + building,
                "TERM": "dumb",
            ]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = messages
            try process.runWithoutBlockedSignals()
            var event = pollfd(fd: started, events: Int16(POLLIN), revents: 0)
            guard poll(&event, 1, 60_000) == 1 else {
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                Issue.record("the engine was not started")
                return
            }
            try body(Running(process: process, folder: folder))
        }
    }

    @Test(arguments: [(SIGHUP, 129), (SIGINT, 130), (SIGQUIT, 131), (SIGTERM, 143)] as [(Int32, Int32)])
    func aSignalEndsTheEngineToo(_ signal: Int32, _ status: Int32) throws {
        try whileBuilding(Self.ending + "started; sleep 60 & wait") { running in
            kill(running.process.processIdentifier, signal)
            running.process.waitUntilExit()
            #expect(running.process.outcomeStatus == status)
            #expect(running.log.hasSuffix("\nended\n"))
            #expect(running.temporaryFiles == [".keep"])
        }
    }

    @Test(arguments: [("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT)] as [(String, Int32)])
    func aSignalThatWasIgnoredAtTheStartStaysIgnored(_ name: String, _ signal: Int32) throws {
        // The engine goes on when the test says so, which is after the signal.
        try whileBuilding(
            Self.ending + #"started; read line < "${LOG%log}go""#, prefix: "trap '' \(name); exec \"$@\""
        ) { running in
            kill(running.process.processIdentifier, signal)
            running.letTheEngineGo()
            running.process.waitUntilExit()
            #expect(running.process.outcomeStatus == 0)
            #expect(!running.log.contains("ended"))
        }
    }

    @Test func aSecondSignalEndsTheToolAtOnce() throws {
        // An engine that does not care.
        try whileBuilding(#"trap '' TERM; started; read line < "${LOG%log}go""#) { running in
            let clock = ContinuousClock()
            let start = clock.now
            while running.process.isRunning, clock.now - start < .seconds(60) {
                kill(running.process.processIdentifier, SIGINT)
                usleep(50_000)
            }
            running.process.waitUntilExit()
            #expect(running.process.outcomeStatus == 130)
            // Without the second, the engine has ten seconds.
            #expect(clock.now - start < .seconds(9.5))
            running.letTheEngineGo()
        }
    }

    @Test func whoStopsReadingTheMessagesDoesNotEndTheBuild() throws {
        let messages = Pipe()
        try whileBuilding(
            #"started; read line < "${LOG%log}go"; echo one; echo two; echo built >> "$LOG""#,
            messages: messages.fileHandleForWriting
        ) { running in
            try messages.fileHandleForWriting.close()
            try messages.fileHandleForReading.close()
            running.letTheEngineGo()
            running.process.waitUntilExit()
            #expect(running.process.outcomeStatus == 0)
            #expect(running.log.hasSuffix("\nbuilt\n"))
            #expect(running.temporaryFiles == [".keep"])
        }
    }

    // MARK: a terminal

    private static let hasTerminals = access("/usr/bin/script", X_OK) == 0

    /// What a terminal of 40 columns gets when a build fails.
    private func terminalOutput(_ building: String) throws -> String {
        let files = [
            "a.json": #"{"name": "a", "base_image": "debian:1"}"#, "bin/buildah": BuildCommandTests.buildah,
            "run":
                #"stty cols 40 rows 24; PATH=$PWD/bin:/usr/bin:/bin exec "$TOOL" build --engine buildah a.json"#,
            "building": building,
        ]
        return try withFolder(of: files) { folder in
            let script = """
                chmod +x bin/buildah; export TOOL=$0 LOG=$PWD/log TERM=xterm BUILDING="$(cat building)"
                exec /usr/bin/script -qec 'sh run' /dev/null
                """
            return try Tool.shell(script, in: folder).text
        }
    }

    @Test(.enabled(if: hasTerminals, "needs script of util-linux")) func theErrorBeginsInALineOfItsOwn()
        throws
    {
        let output = try terminalOutput("echo the reason; exit 3")
        let error = try #require(output.range(of: "imagespec: a:"))
        #expect(output[..<error.lowerBound].hasSuffix("\r\u{1B}[J"))
    }

    // Letters of two columns, and control characters that are written as several letters.
    @Test(
        .enabled(if: hasTerminals, "needs script of util-linux"),
        arguments: ["日本語", "\\001\\002", "one two "])
    func aStatusLineIsNeverWiderThanTheTerminal(_ text: String) throws {
        let long = String(repeating: text, count: 40)
        let output = try terminalOutput("printf '\(long)\\n'; exit 3")
        let lines = output.components(separatedBy: "\r\u{1B}[J").dropFirst().filter {
            !$0.contains("imagespec: ") && !$0.contains("building with")
        }
        #expect(!lines.isEmpty)
        for line in lines {
            let width = line.unicodeScalars.reduce(0) { $0 + ($1.value > 0x2E80 ? 2 : 1) }
            #expect(width <= 39, "\(line)")
        }
    }
}
