// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The built tool, run as a child process.
enum Tool {
    /// The executable: the one that `IMAGESPEC` names, or the one beside the tests.
    ///
    /// A debug build of the tool takes up to half a second to read its arguments, so all tests take less time with a release build.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["IMAGESPEC"] { return path }
        #if os(macOS)
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") } ?? .main
        return bundle.bundleURL.deletingLastPathComponent().appendingPathComponent("imagespec").path
        #else
        return Bundle.main.bundleURL.appendingPathComponent("imagespec").path
        #endif
    }()

    struct Outcome {
        var output: Data
        var messages: String
        /// The exit status, or the negative number of the signal that ended the process.
        var status: Int32

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
    }

    /// Runs the tool in a folder.
    static func run(_ arguments: [String], input: String = "", in folder: String) throws -> Outcome {
        try run(path, arguments, input: input, in: folder)
    }

    /// Runs a shell script; `$0` is the tool.
    static func shell(_ script: String, input: String = "", in folder: String) throws -> Outcome {
        try run("/bin/sh", ["-c", script, path], input: input, in: folder)
    }

    private static func run(
        _ executable: String, _ arguments: [String], input: String, in folder: String
    ) throws -> Outcome {
        // Files rather than pipes: nobody has to empty them while the process runs.
        try withTemporaryFolder { scratch in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = arguments
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            try Data(input.utf8).write(to: URL(fileURLWithPath: scratch + "/input"))
            for name in ["output", "messages"] {
                try Data().write(to: URL(fileURLWithPath: scratch + "/" + name))
            }
            process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: scratch + "/input"))
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch + "/output"))
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch + "/messages"))
            try process.runWithoutBlockedSignals()
            process.waitUntilExit()
            return Outcome(
                output: try Data(contentsOf: URL(fileURLWithPath: scratch + "/output")),
                messages: String(
                    decoding: try Data(contentsOf: URL(fileURLWithPath: scratch + "/messages")), as: UTF8.self
                ),
                status: process.outcomeStatus)
        }
    }
}

extension Process {
    /// Starts the process with no signal blocked. A child inherits what its parent's thread blocks, and the threads that
    /// tests run on block most of them.
    func runWithoutBlockedSignals() throws {
        var none = sigset_t()
        var blocked = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &blocked)
        defer { pthread_sigmask(SIG_SETMASK, &blocked, nil) }
        try run()
    }

    /// The exit status, or the negative number of the signal that ended the process.
    var outcomeStatus: Int32 { terminationReason == .uncaughtSignal ? -terminationStatus : terminationStatus }
}

/// A folder that is there for one test.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "imagespec-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    // The temporary folder may lie behind a link; messages show paths as they were given.
    return try body(folder.resolvingSymlinksInPath().path)
}

/// A folder with files, by their paths.
func withFolder<Result>(of files: [String: String], _ body: (String) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
        for (path, text) in files {
            let url = URL(fileURLWithPath: folder + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return try body(folder)
    }
}
