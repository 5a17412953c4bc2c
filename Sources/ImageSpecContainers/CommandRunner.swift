// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Subprocess
import Synchronization

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// A program to run, with its arguments.
struct Command: Hashable, Sendable {
    /// The program's file.
    var executable: String
    var arguments: [String]
    /// Changes to the environment of this process; nil removes a variable.
    var environment: [String: String?] = [:]
    /// Its standard input, at most ``StandardInput/limit`` bytes; nil for none.
    var input: [UInt8]?
    /// The number of bytes of each stream that are kept; the rest is read and dropped.
    var keptOutput: Int?
    /// Whether both streams are read as its standard output, so that their lines keep their order.
    var mergesStreams = false
    /// The time to end after it was terminated, before it is killed.
    var endTime: Duration = .seconds(10)
}

/// How a program ended, and what it printed.
struct CommandOutcome: Hashable, Sendable {
    enum Status: Hashable, Sendable {
        case exited(Int32)
        case signaled(Int32)
    }

    var status: Status
    /// The lines of its standard output; the last ones if the output is very long.
    var output: [String] = []
    /// The lines of its standard error.
    var messages: [String] = []

    var isSuccess: Bool { status == .exited(0) }

    /// The last message that is not empty, which is the reason for most programs.
    var reason: String {
        let said = (messages.last { !$0.isEmpty } ?? output.last { !$0.isEmpty })
        switch (said, status) {
        case (let said?, _): return Self.withoutLogFields(said)
        case (nil, .exited(let code)): return "exit status \(code)"
        case (nil, .signaled(let signal)): return "terminated by signal \(signal)"
        }
    }
}

extension CommandOutcome {
    /// The text of `time="…" level=fatal msg="…"`, the log format of podman and buildah.
    private static func withoutLogFields(_ line: String) -> String {
        guard line.hasPrefix("time=\""), let range = line.firstRange(of: " msg=\""), line.hasSuffix("\"")
        else {
            return line
        }
        return String(line[range.upperBound...].dropLast().replacing("\\\"", with: "\""))
    }
}

/// Why a program did not start. The cause of the error that a ``CommandRunner`` throws.
struct LaunchFailure: Error, Hashable {
    /// Without the program.
    var reason: String
}

extension ImageSpecError {
    /// Why a program did not start; nil for other errors.
    var launchFailure: LaunchFailure? { problems[0].underlying as? LaunchFailure }
}

/// Runs programs. Tests replace it.
struct CommandRunner: Sendable {
    /// Receives each line as it is printed, from any thread.
    typealias LineHandler = @Sendable (String) -> Void

    /// Runs a program to its end. Cancelling the task terminates it and its child processes.
    var run: @Sendable (Command, @escaping LineHandler) async throws -> CommandOutcome

    func callAsFunction(_ command: Command, onLine: @escaping LineHandler = { _ in }) async throws
        -> CommandOutcome
    {
        try await run(command, onLine)
    }

    /// Runs a program that should answer quickly; nil if it does not.
    func answer(_ command: Command, within limit: Duration = .seconds(30)) async throws -> CommandOutcome? {
        try await withThrowingTaskGroup(of: CommandOutcome?.self) { group in
            group.addTask {
                do {
                    return try await run(command) { _ in }
                } catch is CancellationError {
                    return nil
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            try await group.waitForAll()
            try Task.checkCancellation()
            return first
        }
    }

    /// Runs programs of this machine.
    static let system = CommandRunner { command, onLine in
        var options = PlatformOptions()
        // A session of its own: signals reach the whole tree, and Ctrl-C at a terminal reaches only this process, which passes it on.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: command.endTime)
        ]
        var environment: [Environment.Key: String?] = [:]
        for (name, value) in command.environment {
            guard let key = Environment.Key(rawValue: name) else { continue }
            environment[key] = .some(value)
        }
        let output = LineStore(onLine, keptBytes: command.keptOutput)
        let messages = LineStore(onLine, keptBytes: command.keptOutput)
        let status: TerminationStatus
        let input = try StandardInput(command)
        defer { input.close() }
        let executable = Executable.path(FilePath(command.executable))
        do {
            try Task.checkCancellation()
            if command.mergesStreams {
                status = try await Subprocess.run(
                    executable, arguments: Arguments(command.arguments),
                    environment: .inherit.updating(environment), platformOptions: options,
                    input: .fileDescriptor(input.descriptor, closeAfterSpawningProcess: false),
                    output: .sequence, error: .combinedWithOutput
                ) { execution in
                    try await output.read(execution.standardOutput)
                }.terminationStatus
            } else {
                status = try await Subprocess.run(
                    executable, arguments: Arguments(command.arguments),
                    environment: .inherit.updating(environment), platformOptions: options,
                    input: .fileDescriptor(input.descriptor, closeAfterSpawningProcess: false),
                    output: .sequence, error: .sequence
                ) { execution in
                    async let outputEnd: Void = output.read(execution.standardOutput)
                    async let messagesEnd: Void = messages.read(execution.standardError)
                    _ = try await (outputEnd, messagesEnd)
                }.terminationStatus
            }
        } catch {
            // After a cancellation, the error may be a killed program, a closed pipe or none.
            try Task.checkCancellation()
            if error is CancellationError { throw error }
            throw ImageSpecError.cannotRun(command.executable, "\(error)")
        }
        try Task.checkCancellation()
        let end: CommandOutcome.Status =
            switch status {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .signaled(signal)
            }
        return CommandOutcome(status: end, output: output.lines, messages: messages.lines)
    }
}

/// The lines of one stream.
private final class LineStore: Sendable {
    private let kept = Mutex(OutputTail())
    private let keptBytes: Int?
    private let onLine: CommandRunner.LineHandler

    init(_ onLine: @escaping CommandRunner.LineHandler, keptBytes: Int?) {
        self.onLine = onLine
        self.keptBytes = keptBytes
    }

    var lines: [String] { kept.withLock { $0.lines } }

    func read(_ sequence: SubprocessOutputSequence) async throws {
        var splitter = LineSplitter()
        var rest = keptBytes ?? .max
        for try await buffer in sequence {
            // Dropped output is still read, because a program that cannot write does not end.
            let count = min(rest, buffer.count)
            rest -= count
            if count == 0 { continue }
            buffer.withUnsafeBytes { splitter.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }.forEach(
                keep)
        }
        splitter.finish().map(keep)
    }

    private func keep(_ line: String) {
        kept.withLock { $0.append(line) }
        onLine(line)
    }
}

/// Cuts a stream of bytes into lines, at line feeds and carriage returns.
struct LineSplitter {
    /// A longer line is cut, so that a stream without line feeds does not fill the memory.
    static let maximumLength = 64 * 1024

    private var rest: [UInt8] = []
    private var endsInReturn = false

    /// The lines that end in these bytes.
    mutating func add(_ bytes: UnsafeRawBufferPointer) -> [String] {
        var lines: [String] = []
        // Copied in pieces rather than by byte, because this is all output of engines.
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let byte = bytes[start]
            switch byte {
            case UInt8(ascii: "\n"):
                // The second half of a line end, if a return came before.
                if !endsInReturn || !rest.isEmpty { lines.append(takeLine()) }
                start += 1
            case UInt8(ascii: "\r"):
                lines.append(takeLine())
                start += 1
            default:
                let limit = min(bytes.endIndex, start + Self.maximumLength - rest.count)
                var end = start + 1
                while end < limit, bytes[end] != UInt8(ascii: "\n"), bytes[end] != UInt8(ascii: "\r") {
                    end += 1
                }
                rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
                if rest.count == Self.maximumLength { lines.append(takeLine()) }
            }
            endsInReturn = byte == UInt8(ascii: "\r")
        }
        return lines
    }

    /// The incomplete line at the end.
    mutating func finish() -> String? { rest.isEmpty ? nil : takeLine() }

    private mutating func takeLine() -> String {
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
