// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import ContentTree

extension Fuzzer {
    /// A digest cache with any bytes in it changes no tag.
    ///
    /// The input is a list of edits of a real cache file: a position of two bytes and a new byte each.
    static let cache = Fuzzer(name: "cache") { input in CacheFuzzer.shared.run(input) }
}

private final class CacheFuzzer: Sendable {
    static let shared = CacheFuzzer()

    private let folder: String
    private let file: URL
    private let original: Data
    private let digest: SHA256Digest

    private var options: HashingOptions { Self.options(folder) }

    private static func options(_ folder: String) -> HashingOptions {
        var options = HashingOptions(cacheDirectory: folder + "/cache")
        options.filesWorthACache = 1
        options.threads = 1
        return options
    }

    private init() {
        let base =
            ProcessInfo.processInfo.environment["IMAGESPEC_FUZZING_DIRECTORY"] ?? NSTemporaryDirectory()
        folder = base + "/imagespec-fuzzing-\(getpid())"
        do {
            for directory in ["src/a/b", "src/c"] {
                try FileManager.default.createDirectory(
                    atPath: folder + "/" + directory, withIntermediateDirectories: true)
            }
            for index in 0..<12 {
                let place = ["src", "src/a", "src/a/b", "src/c"][index % 4]
                try Data("\(index)".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(place)/f\(index)"))
            }
            try Data("*.log\n".utf8).write(to: URL(fileURLWithPath: folder + "/src/a/.gitignore"))
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/src/link", withDestinationPath: "c/f3")
            // So that the files are older than the run that reads them.
            usleep(50_000)
            digest = try SourceTree.sourceRoot(folder + "/src", pythonModulesOnly: false).digest
            let options = Self.options(folder)
            _ = try SourceTree.sourceRoot(folder + "/src", pythonModulesOnly: false, options: options)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/cache")
            // Without a cache to damage, all inputs would pass, so the fuzzer ends.
            guard let name = names.first(where: { DigestCacheKey.isName(Array($0.utf8)) }) else {
                fatalError("the file system of \(folder) has no digest cache")
            }
            file = URL(fileURLWithPath: folder + "/cache/" + name)
            original = try Data(contentsOf: file)
        } catch {
            // The same: a fuzzer that cannot be prepared proves nothing.
            fatalError("cannot prepare the cache: \(error)")
        }
    }

    func run(_ input: [UInt8]) {
        var bytes = original
        var rest = input[...]
        while rest.count >= 3 {
            let position = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
            let byte = rest.removeFirst()
            if position < bytes.count { bytes[bytes.startIndex + position] = byte }
        }
        // What is left over cuts the file.
        if let cut = rest.first { bytes = bytes.prefix(bytes.count * Int(cut) / 255) }
        do {
            try bytes.write(to: file)
            let tree = try SourceTree.sourceRoot(folder + "/src", pythonModulesOnly: false, options: options)
            require(tree.digest == digest, "a damaged cache changes no digest")
        } catch {
            require(false, "a damaged cache is no error: \(error)")
        }
    }
}
