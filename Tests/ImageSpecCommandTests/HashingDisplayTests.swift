// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What a person sees while many bytes are read, and what a program does not.
@Suite struct HashingDisplayTests {
    /// Runs the tool with standard error on a terminal of its own; gives what was written there, and the output.
    private static func runOnTerminal(_ arguments: [String], in folder: String, type: String) throws
        -> (screen: String, output: String)
    {
        let terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0)
        defer { close(terminal) }
        let name = try #require(ptsname(terminal))
        let end = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(end >= 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Tool.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ["TERM": type, "IMAGESPEC_CACHE": "off", "PATH": "/usr/bin:/bin"]
        let output = folder + "/output"
        try Data().write(to: URL(fileURLWithPath: output))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = FileHandle(fileDescriptor: end, closeOnDealloc: false)
        try process.runWithoutBlockedSignals()
        close(end)
        // It ends with an error when the process, which has the other end alone, is gone.
        var screen: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(terminal, &buffer, buffer.count)
            if count <= 0 { break }
            screen += buffer[..<count]
        }
        process.waitUntilExit()
        #expect(process.outcomeStatus == 0)
        return (String(decoding: screen, as: UTF8.self), try String(contentsOfFile: output, encoding: .utf8))
    }

    /// A file without blocks on the disk, large enough to take more than half a second.
    private static func makeFile(_ folder: String, gigabytes: Int) throws {
        let file = open(folder + "/weights", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        try #require(file >= 0)
        defer { close(file) }
        try #require(ftruncate(file, off_t(gigabytes) << 30) == 0)
    }

    @Test func aLongReadingIsShownOnATerminalAndThereAlone() throws {
        try withFolder(of: ["a.yaml": "copy: [weights]"]) { folder in
            var gigabytes = 1
            var seen = (screen: "", output: "")
            while seen.screen.isEmpty && gigabytes < 64 {
                gigabytes *= 2
                try Self.makeFile(folder, gigabytes: gigabytes)
                seen = try Self.runOnTerminal(["tag", "a.yaml"], in: folder, type: "xterm")
            }
            #expect(seen.screen.contains("\r\u{1B}[Kreading: "))
            #expect(seen.screen.contains("GB/s") || seen.screen.contains("MB/s"))
            // Nothing of it stays.
            #expect(seen.screen.hasSuffix("\r\u{1B}[K"))
            #expect(seen.output.count == 65)

            let plain = try Self.runOnTerminal(["tag", "a.yaml"], in: folder, type: "dumb")
            #expect(plain.screen.isEmpty && plain.output == seen.output)
            let piped = try Tool.run(["tag", "a.yaml"], in: folder)
            #expect(piped.messages.isEmpty && piped.text == seen.output)
        }
    }

    @Test func aShortReadingIsNotShown() throws {
        try withFolder(of: ["a.yaml": "copy: [a.yaml]"]) { folder in
            #expect(try Self.runOnTerminal(["tag", "a.yaml"], in: folder, type: "xterm").screen.isEmpty)
        }
    }
}
