// SPDX-License-Identifier: Apache-2.0

@testable import ContentTree
@testable import ImageSpec

typealias Bytes = [UInt8]

/// The result of a walk for one entry.
struct Finding: Equatable, CustomStringConvertible {
    /// The ignore file and line that excluded the entry, or a directory above it.
    struct Rule: Equatable {
        var file: String
        var line: Int
    }

    var leftOutBy: Rule?

    var description: String { leftOutBy.map { "excluded by \($0.file):\($0.line)" } ?? "included" }
}

/// A directory tree in memory, walked like a source tree: parents first, and excluded directories are not entered.
final class IgnoreWalk {
    private var folders: [Bytes: [Bytes: Bool]] = [[]: [:]]
    /// Ignore files by their directory.
    var gitFiles: [Bytes: IgnoreFile] = [:]
    let matcher: IgnoreMatcher
    private(set) var findings: [Bytes: Finding] = [:]
    private(set) var verdicts = 0

    init(_ matcher: IgnoreMatcher = IgnoreMatcher()) {
        self.matcher = matcher
    }

    func add(_ path: Bytes, isFolder: Bool = false) {
        let parent = path.lastIndex(of: UInt8(ascii: "/")).map { Bytes(path[..<$0]) } ?? []
        if !parent.isEmpty, folders[parent] == nil { add(parent, isFolder: true) }
        let name = parent.isEmpty ? path : Bytes(path[(parent.count + 1)...])
        folders[parent, default: [:]][name] = isFolder
        if isFolder, folders[path] == nil { folders[path] = [:] }
    }

    func add(_ paths: [String]) {
        for path in paths { add(Bytes(path.utf8)) }
    }

    func walk(_ scope: IgnoreScope) {
        walk([], scope, leftOut: nil)
    }

    private func walk(_ folder: Bytes, _ scope: IgnoreScope, leftOut above: Finding?) {
        var scope = scope
        if let file = gitFiles[folder] { scope.add(file, at: []) }
        for (name, isFolder) in folders[folder] ?? [:] {
            let path = folder.isEmpty ? name : folder + [UInt8(ascii: "/")] + name
            // The matcher handles one directory at a time, and the walk has been in others.
            matcher.begin(scope)
            let (finding, isEntered) = classify(name, isFolder)
            verdicts += 1
            findings[path] = finding
            if isFolder && isEntered {
                let below = name.withUnsafeBytes { matcher.scope(entering: $0) }
                walk(path, below, leftOut: finding.leftOutBy == nil ? nil : finding)
            } else if isFolder {
                prune(path, finding)
            }
        }
    }

    private func classify(_ name: Bytes, _ isFolder: Bool) -> (Finding, isEntered: Bool) {
        switch name.withUnsafeBytes({ matcher.verdict($0, isFolder: isFolder) }) {
        case .include: (Finding(), true)
        case .exclude(let file, let rule):
            (Finding(leftOutBy: Finding.Rule(file: file.path, line: file.rule(rule).line)), false)
        case .excludeButDescend(let file, let rule):
            (Finding(leftOutBy: Finding.Rule(file: file.path, line: file.rule(rule).line)), true)
        }
    }

    private func prune(_ folder: Bytes, _ finding: Finding) {
        for (name, isFolder) in folders[folder] ?? [:] {
            let path = folder + [UInt8(ascii: "/")] + name
            findings[path] = finding
            if isFolder { prune(path, finding) }
        }
    }

    /// Whether a path is excluded in a tree that contains only this path. A slash at its end means a directory.
    static func leavesOut(_ path: String, _ files: [IgnoreFile?]) -> Bool {
        leavesOut(Bytes(path.utf8), files)
    }

    static func leavesOut(_ path: Bytes, _ files: [IgnoreFile?]) -> Bool {
        let walk = IgnoreWalk()
        let isFolder = path.last == UInt8(ascii: "/")
        let path = isFolder ? path.dropLast() : path
        walk.add(path, isFolder: isFolder)
        walk.walk(IgnoreScope(files.compactMap { $0 }))
        return walk.findings[path]?.leftOutBy != nil
    }
}

/// Bytes as readable text without ambiguity.
func shown(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
        if byte == UInt8(ascii: "\\") { return "\\\\" }
        if (0x20..<0x7F).contains(byte) { return String(UnicodeScalar(byte)) }
        let digits = String(byte, radix: 16)
        return "\\x" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
}
