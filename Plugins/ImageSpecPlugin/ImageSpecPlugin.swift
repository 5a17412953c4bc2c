// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// `swift package image-spec …`: the tool `imagespec`, built from the sources of this package, in the client's folder.
@main
struct ImageSpecPlugin: CommandPlugin {
    func performCommand(context: PluginContext, arguments: [String]) async throws {
        let process = Process()
        process.executableURL = try context.tool(named: "ImageSpecCommand").url
        process.arguments = arguments
        process.currentDirectoryURL = context.package.directoryURL
        // Ours carries the messages of the package manager.
        process.standardInput = FileHandle.nullDevice
        // The package manager prints what plugins write, to whichever stream, on its standard output, which is for results.
        // Messages of progress go to standard error; remarks go nowhere.
        let messages = Pipe()
        process.standardError = messages
        try process.run()
        Self.pass(on: messages.fileHandleForReading)
        process.waitUntilExit()
        if process.terminationStatus != 0 { exit(process.terminationStatus) }
    }

    /// Tells what comes, line by line, until the tool has ended.
    private static func pass(on messages: FileHandle) {
        var open = Data()
        while true {
            let found = messages.availableData
            open += found
            while let end = open.firstIndex(of: UInt8(ascii: "\n")) {
                Diagnostics.progress(String(decoding: open[..<end], as: UTF8.self))
                open = Data(open[(end + 1)...])
            }
            guard found.isEmpty else { continue }
            if !open.isEmpty { Diagnostics.progress(String(decoding: open, as: UTF8.self)) }
            return
        }
    }
}
