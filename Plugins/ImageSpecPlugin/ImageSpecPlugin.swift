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
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { exit(process.terminationStatus) }
    }
}
