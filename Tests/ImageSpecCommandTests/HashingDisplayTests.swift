// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What a person sees while many bytes are read, and what a program does not.
@Suite struct HashingDisplayTests {
    static let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

    /// Runs the tool with standard error on a terminal of its own; gives what was written there, and the output.
    private static func runOnTerminal(in folder: String, type: String) throws -> (
        screen: String, output: String
    ) {
        let script = """
            exec /usr/bin/python3 - "$0" <<'PYTHON'
            import os, pty, sys
            master, end = pty.openpty()
            output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            process = os.posix_spawn(
                sys.argv[1], [sys.argv[1], "tag", "a.yaml"], {"TERM": "\(type)", "IMAGESPEC_CACHE": "off"},
                file_actions=[(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, end, 2)])
            os.close(end)
            screen = b""
            while True:
                # Reading fails when the process, which has the other end alone, is gone.
                try: piece = os.read(master, 4096)
                except OSError: break
                if not piece: break
                screen += piece
            with open("screen", "wb") as file: file.write(screen)
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            PYTHON
            """
        let outcome = try Tool.shell(script, in: folder)
        #expect(outcome.status == 0, "\(outcome.messages)")
        return (
            try String(contentsOfFile: folder + "/screen", encoding: .utf8),
            try String(contentsOfFile: folder + "/output", encoding: .utf8)
        )
    }

    /// A file without blocks on the disk, large enough to take more than half a second.
    private static func makeFile(_ folder: String, megabytes: Int) throws {
        let file = open(folder + "/weights", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        try #require(file >= 0)
        defer { close(file) }
        try #require(ftruncate(file, off_t(megabytes) << 20) == 0)
    }

    @Test(.enabled(if: hasPython, "needs python3, for a terminal"))
    func aLongReadingIsShownOnATerminalAndThereAlone() throws {
        try withFolder(of: ["a.yaml": "copy: [weights]"]) { folder in
            var megabytes = 128
            var seen = (screen: "", output: "")
            while seen.screen.isEmpty && megabytes < 65_536 {
                megabytes *= 2
                try Self.makeFile(folder, megabytes: megabytes)
                seen = try Self.runOnTerminal(in: folder, type: "xterm")
            }
            #expect(seen.screen.contains("\r\u{1B}[Kreading: "))
            #expect(seen.screen.contains("GB/s") || seen.screen.contains("MB/s"))
            // Nothing of it stays.
            #expect(seen.screen.hasSuffix("\r\u{1B}[K"))
            #expect(seen.output.count == 65)

            let plain = try Self.runOnTerminal(in: folder, type: "dumb")
            #expect(plain.screen.isEmpty && plain.output == seen.output)
            let piped = try Tool.run(["tag", "a.yaml"], in: folder)
            #expect(piped.messages.isEmpty && piped.text == seen.output)
        }
    }

    @Test(.enabled(if: hasPython, "needs python3, for a terminal"))
    func aShortReadingIsNotShown() throws {
        try withFolder(of: ["a.yaml": "copy: [a.yaml]"]) { folder in
            let seen = try Self.runOnTerminal(in: folder, type: "xterm")
            #expect(seen.screen.isEmpty)
        }
    }
}
