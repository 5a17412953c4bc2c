// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

@Suite struct CommandRunnerTests {
    private let runner = CommandRunner.system

    private func shell(_ script: String, _ arguments: String...) -> Command {
        Command(executable: "/bin/sh", arguments: ["-c", script] + arguments)
    }

    @Test func aProgramHasItsArgumentsAndEnvironmentAndItsStreamsAreKeptApart() async throws {
        var command = shell(
            #"printf '%s|' "$0" "$1" "$FAKE" "${HOME-none}"; echo; echo problem >&2; exit 3"#, "a b", "$c")
        command.environment = ["FAKE": "it's \"é\"", "HOME": nil]
        let lines = Mutex<[String]>([])
        let outcome = try await runner(command) { line in lines.withLock { $0.append(line) } }
        #expect(outcome.status == .exited(3))
        #expect(outcome.output == ["a b|$c|it's \"é\"|none|"])
        #expect(outcome.messages == ["problem"])
        #expect(outcome.reason == "problem")
        #expect(Set(lines.withLock { $0 }) == ["a b|$c|it's \"é\"|none|", "problem"])
    }

    @Test func longOutputsArriveWhole() async throws {
        let outcome = try await runner(shell("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done"))
        #expect(outcome.output.count == 5000)
        #expect(outcome.output.last == "line 4999")
    }

    @Test func aSignalIsTold() async throws {
        #expect(try await runner(shell("kill -TERM $$")).status == .signaled(15))
    }

    @Test func aProgramThatIsNotThereIsAnErrorThatNamesIt() async throws {
        let error = await #expect(throws: ImageSpecError.self) {
            try await runner(Command(executable: "/nowhere/docker", arguments: []))
        }
        #expect(error?.code == .toolFailed)
        #expect(error?.message.contains("/nowhere/docker") == true)
    }

    /// The shell and its child print their numbers; neither is there when the call returns.
    @Test func cancellingEndsAProgramAndWhatItStarted() async throws {
        let numbers = Mutex<[pid_t]>([])
        let (started, continuation) = AsyncStream<Void>.makeStream()
        let command = shell("sh -c 'echo $$; sleep 600' & echo $$; wait")
        let task = Task {
            try await runner(command) { line in
                let count = numbers.withLock { numbers in
                    if let number = pid_t(line) { numbers.append(number) }
                    return numbers.count
                }
                if count == 2 { continuation.finish() }
            }
        }
        for await _ in started {}
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        for number in numbers.withLock({ $0 }) { #expect(Self.isGone(number), "\(number) is alive") }
    }

    /// Gone, or ended and not yet waited for by its new parent; a process needs a moment to end after its signal.
    private static func isGone(_ number: pid_t) -> Bool {
        for _ in 0..<100_000 {
            guard kill(number, 0) == 0 else { return true }
            let status = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
            if status?.contains(") Z ") ?? false { return true }
            sched_yield()
        }
        return false
    }

    @Test func whoIsCancelledBeforeStartsNothing() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await runner(shell("echo started"))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func whoDoesNotAnswerInTimeIsEnded() async throws {
        #expect(try await runner.answer(shell("sleep 600"), within: .milliseconds(100)) == nil)
        #expect(try await runner.answer(shell("echo yes"))?.output == ["yes"])
    }

    @Test func aProgramReadsItsInputToTheEnd() async throws {
        for input in [Array("a\nb".utf8), [], [UInt8](repeating: 65, count: StandardInput.limit)] {
            var command = shell("cat")
            command.input = input
            let outcome = try await runner(command)
            #expect(outcome.isSuccess)
            #expect(outcome.output.joined(separator: "\n") == String(decoding: input, as: UTF8.self))
        }
        #expect(try await runner(shell("cat")).output == [])
    }

    /// Writing to such a program would end this process by a signal.
    @Test func aProgramMayCloseItsInputAtOnce() async throws {
        for script in ["exec <&-; echo done", "echo done"] {
            var command = shell(script)
            command.input = [UInt8](repeating: 65, count: StandardInput.limit)
            #expect(try await runner(command).output == ["done"])
        }
    }

    @Test func tooLongAnInputIsAnError() async throws {
        var command = shell("cat")
        command.input = [UInt8](repeating: 65, count: StandardInput.limit + 1)
        await #expect(throws: ImageSpecError.self) { try await runner(command) }
    }

    @Test func outputBeyondALimitIsDropped() async throws {
        var command = shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end >&2")
        command.keptOutput = 100
        let outcome = try await runner(command)
        #expect(outcome.isSuccess)
        #expect(outcome.output == [String(repeating: "x", count: 100)])
        #expect(outcome.messages == ["end"])
    }

    @Test(arguments: [
        (["a\nb\n"], ["a", "b"]),
        (["a", "b\nc"], ["ab", "c"]),
        (["10%\r20%\r", "30%\n"], ["10%", "20%", "30%"]),
        (["a\r", "\nb\r\n"], ["a", "b"]),
        (["\n\n"], ["", ""]),
        (["a\u{2028}b\u{B}c\n"], ["a\u{2028}b\u{B}c"]),
        ([], []),
    ])
    func linesEndAtLineFeedsAndReturns(_ parts: [String], _ lines: [String]) {
        var splitter = LineSplitter()
        var found: [String] = []
        for part in parts { Array(part.utf8).withUnsafeBytes { found += splitter.add($0) } }
        found += splitter.finish().map { [$0] } ?? []
        #expect(found == lines)
    }

    @Test func aStreamWithoutLineFeedsIsCut() {
        var splitter = LineSplitter()
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 2 * LineSplitter.maximumLength + 1)
        #expect(bytes.withUnsafeBytes { splitter.add($0) }.count == 2)
        #expect(splitter.finish() == "x")
    }
}
