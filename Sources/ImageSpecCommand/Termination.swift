// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The exit statuses of the tool. Source: sysexits.h and diff(1).
enum ExitStatus: Int32 {
    case success = 0
    /// An image is absent, or two tags differ.
    case negative = 1
    case usage = 64
    case wrongSpec = 65
    case missingInput = 66
    case unavailable = 69
    case internalError = 70
    case unwritableOutput = 73
    case failedBuild = 74
    /// 128 and the signal's number, as shells have it.
    case hungUp = 129
    case interrupted = 130
    case quit = 131
    case terminated = 143

    init(_ code: ImageSpecError.Code) {
        switch code {
        case .invalidDocument, .unknownField, .invalidField, .invalidReference, .invalidRequirements,
            .invalidIgnoreFile,
            .unsupportedField, .builderNotRegistered:
            self = .wrongSpec
        case .missingInput, .unreadableInput, .outsideProject: self = .missingInput
        case .unwritableOutput: self = .unwritableOutput
        case .existenceUnknown, .toolUnavailable: self = .unavailable
        case .sourceChanged, .toolFailed, .baseNotBuilt: self = .failedBuild
        default: self = .internalError
        }
    }
}

/// The exit status and messages after an error or a request for help.
struct Termination {
    var status: ExitStatus
    var output = ""
    var messages: [String] = []

    init(_ error: any Error) {
        if let error = error as? ImageSpecError {
            status = ExitStatus(error.code)
            messages = error.lines
            if CommandLine.arguments.contains("--json"), !StandardOutput.isClosed {
                let object: ImageSpec.JSONValue = ["problems": error.json]
                output = String(decoding: object.canonicalForm, as: UTF8.self) + "\n"
            }
            return
        }
        if let failed = error as? BuildsFailed {
            status = failed.status
            return
        }
        if let difference = error as? Difference {
            status = .negative
            messages = difference.messages
            return
        }
        if let interruption = error as? SignalCancellation {
            status = ExitStatus(rawValue: 128 + interruption.signal) ?? .terminated
            return
        }
        if let invalid = error as? InvalidText {
            status = .usage
            messages = [invalid.message]
            return
        }
        if let absent = error as? ImageAbsent {
            status = .negative
            messages = absent.message.map { [$0] } ?? []
            return
        }
        let usage = UsageProblem(arguments: CommandLine.arguments.dropFirst())
        if let unknownCommand = usage.unknownCommand {
            status = .usage
            messages = [unknownCommand]
            return
        }
        switch ImageSpecCommand.exitCode(for: error) {
        case .success:
            status = .success
            output = ImageSpecCommand.fullMessage(for: error) + "\n"
        case .validationFailure:
            status = .usage
            messages = [usage.text(ImageSpecCommand.message(for: error))]
        default:
            status = .internalError
            messages = ["internal error: \(error); please report this"]
        }
    }

    func exit() -> Never {
        do throws(ImageSpecError) {
            try StandardOutput.write(Array(output.utf8))
        } catch {
            Termination(error).report(as: ExitStatus(error.code))
        }
        report(as: status)
    }

    private func report(as status: ExitStatus) -> Never {
        for message in messages { StandardError.write("imagespec: " + message + "\n") }
        Self.end(status)
    }

    /// Ends the process at once. What libraries do at the end would meet the thread that asks registries: it may be inside
    /// of the library for TLS. Nothing of ours is left to be written.
    static func end(_ status: ExitStatus) -> Never {
        _exit(status.rawValue)
    }
}

/// Standard output, which carries only the result.
enum StandardOutput {
    private static let state = Mutex(false)

    /// Whether the result was written.
    static var isClosed: Bool { state.withLock { $0 } }

    /// Writes the result. Nothing follows it: the output is closed, since some file systems report only then that they
    /// are full.
    static func write(_ bytes: [UInt8]) throws(ImageSpecError) {
        HashingDisplay.clear()
        if bytes.isEmpty { return }
        do throws(FileSystem.Failure) {
            try FileSystem.writeAll(bytes[...], to: STDOUT_FILENO)
        } catch {
            throw .unwritableStandardOutput(error)
        }
        try end()
    }

    /// Has a result written that is too large to be held.
    static func write(_ body: (Int32) throws(ImageSpecError) -> Void) throws(ImageSpecError) {
        try body(STDOUT_FILENO)
        try end()
    }

    private static func end() throws(ImageSpecError) {
        state.withLock { $0 = true }
        guard close(STDOUT_FILENO) == 0 else {
            throw .unwritableStandardOutput(.last)
        }
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

extension ImageSpecError {
    fileprivate static func unwritableStandardOutput(_ failure: FileSystem.Failure) -> ImageSpecError {
        ImageSpecError(.unwritableOutput, "cannot write to standard output: \(failure.reason)")
    }
}

/// Standard error, which carries messages. Write errors are ignored.
enum StandardError {
    static func write(_ text: String) {
        HashingDisplay.clear()
        // The text of usage messages has line breaks on purpose.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(Substring($0)).escapingControlCharacters
        }
        writeControls(lines.joined(separator: "\n"))
    }

    /// Writes text of our own that moves the cursor.
    static func writeControls(_ text: String) {
        try? FileSystem.writeAll(Array(text.utf8)[...], to: STDERR_FILENO)
    }
}
