// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec context` that is interrupted: `timeout`, Kubernetes and most others send one signal and wait.
@Suite struct ContextInterruptionTests {
    private static let files = [
        "a.json":
            #"{"name": "a", "base_image": "debian:1", "source_root": "src", "source_copy_mode": "all"}"#,
        "src/large": String(repeating: "0123456789abcdef", count: 100_000),
    ]

    /// The tool with these arguments, in a folder with a spec of a large file.
    private func whileRunning(
        _ arguments: [String], output: FileHandle = .nullDevice, in folder: String,
        _ body: (Process) throws -> Void
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Tool.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.runWithoutBlockedSignals()
        defer {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
        }
        try body(process)
    }

    /// Whether the process ends by itself.
    private func ends(_ process: Process) -> Bool {
        for _ in 0..<2_000 where process.isRunning { usleep(5_000) }
        return !process.isRunning
    }

    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func oneSignalEndsTheToolWhileNobodyReadsTheArchive(_ signal: Int32, _ status: Int32) throws {
        try withFolder(of: Self.files) { folder in
            let pipe = Pipe()
            let output = pipe.fileHandleForWriting
            try whileRunning(["context", "--tar", "-", "a.json"], output: output, in: folder) { process in
                var event = pollfd(fd: output.fileDescriptor, events: Int16(POLLOUT), revents: 0)
                for _ in 0..<10_000 where poll(&event, 1, 0) == 1 { usleep(1000) }
                try #require(poll(&event, 1, 0) == 0, "the pipe is not full")
                kill(process.processIdentifier, signal)
                #expect(ends(process))
                #expect(process.isRunning || process.outcomeStatus == status)
            }
            withExtendedLifetime(pipe) {}
        }
    }

    private static let hasProcesses = FileManager.default.fileExists(atPath: "/proc/self/status")

    /// Whether a process has a handler of its own for a signal.
    private func catches(_ signal: Int32, _ process: Process) -> Bool {
        let status = try? String(
            contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let mask = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
        return mask >> UInt64(signal - 1) & 1 == 1
    }

    @Test(.enabled(if: hasProcesses, "needs /proc")) func oneSignalEndsTheToolWhileThePipeHasNoReader() throws
    {
        try withFolder(of: Self.files) { folder in
            #expect(mkfifo(folder + "/out", 0o600) == 0)
            try whileRunning(["context", "--tar", "out", "a.json"], in: folder) { process in
                for _ in 0..<10_000 where !catches(SIGTERM, process) { usleep(1000) }
                try #require(catches(SIGTERM, process))
                kill(process.processIdentifier, SIGTERM)
                #expect(ends(process))
                #expect(process.isRunning || process.outcomeStatus == 143)
            }
        }
    }

    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func oneSignalEndsTheCopyingAndNothingIsLeft(_ signal: Int32, _ status: Int32) throws {
        try withFolder(of: Self.files) { folder in
            // It takes a while to copy, and no time to make.
            #expect(truncate(folder + "/src/large", 512 << 20) == 0)
            try whileRunning(["context", "a.json", "out"], in: folder) { process in
                for _ in 0..<60_000 where access(folder + "/out/source/large", F_OK) != 0 { usleep(1000) }
                try #require(access(folder + "/out/source/large", F_OK) == 0)
                kill(process.processIdentifier, signal)
                #expect(ends(process))
                #expect(process.isRunning || process.outcomeStatus == status)
                #expect(access(folder + "/out", F_OK) != 0)
            }
        }
    }

    // A process in a container has the same number each time, and what was killed leaves its file.
    @Test func whatARunOfTheSameNumberLeftIsNotInTheWay() throws {
        try withFolder(of: Self.files) { folder in
            let script = #"touch "out.tar.$$.partial"; exec "$0" context --tar out.tar a.json"#
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == 0, "\(outcome.messages)")
        }
    }

    // Event loops make the pipes so that they read from.
    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: ContextTarTests.python), "needs python3"))
    func aNonBlockingPipeGetsTheWholeArchive() throws {
        try withFolder(of: Self.files) { folder in
            let script = """
                import fcntl, os, select, subprocess, sys
                reader, writer = os.pipe()
                fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
                tool = subprocess.Popen([sys.argv[1], "context", "--tar", "-", "a.json"], stdout=writer)
                while select.select([], [writer], [], 0)[1] and tool.poll() is None: pass
                os.close(writer)
                count = 0
                while piece := os.read(reader, 4096): count += len(piece)
                print(count > 1600000, count % 512, tool.wait())
                """
            try Data(script.utf8).write(to: URL(fileURLWithPath: folder + "/reader.py"))
            let outcome = try Tool.shell("\(ContextTarTests.python) reader.py \"$0\"", in: folder)
            #expect(outcome.text == "True 0 0\n", "\(outcome.messages)")
        }
    }
}
