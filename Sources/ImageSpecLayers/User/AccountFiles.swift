// SPDX-License-Identifier: Apache-2.0

/// A file of `/etc` with a line for each account, whose fields are separated by colons.
struct AccountFile {
    /// Relative to the root of the image.
    let path: String
    let entry: BaseEntry
    private(set) var bytes: [UInt8]

    /// If `nil`, the base image has no such file.
    init?(_ path: String, in tree: BaseTree) {
        guard let entry = tree[path], case .file(let bytes?) = entry.kind else { return nil }
        self.path = path
        self.entry = entry
        self.bytes = bytes
    }

    var lines: [[String]] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// The line of an account.
    func line(of name: String) -> [String]? { lines.first { $0.first == name } }

    /// The numbers in a field.
    func numbers(field: Int) -> Set<Int> {
        Set(lines.compactMap { $0.count > field ? Int($0[field]) : nil })
    }

    mutating func append(_ fields: [String]) {
        if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        bytes += Array((fields.joined(separator: ":") + "\n").utf8)
    }

    /// The file, and a copy of the file of the base image, as the tools that change it leave one.
    func entries(of tree: BaseTree, keepsOld: Bool) -> [LayerEntry] {
        var entries = [LayerEntry(path, .bytes(bytes), mode: entry.mode, owner: entry.owner)]
        if keepsOld, case .file(let old?) = entry.kind {
            entries.append(LayerEntry(path + "-", .bytes(old), mode: entry.mode, owner: entry.owner))
        }
        return entries
    }
}

/// The settings of `useradd` in `/etc/login.defs`.
struct LoginSettings {
    private var values: [String: String] = [:]

    init(_ tree: BaseTree) {
        // Most lines are comments.
        for line in (tree.text(of: "/etc/login.defs") ?? "").utf8.split(separator: UInt8(ascii: "\n"))
        where line.first != UInt8(ascii: "#") {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard words.count >= 2, words[0].first != UInt8(ascii: "#") else { continue }
            values[String(decoding: words[0], as: UTF8.self)] = String(decoding: words[1], as: UTF8.self)
        }
    }

    func number(_ name: String, default standard: Int) -> Int {
        values[name].flatMap(Self.number) ?? standard
    }

    func text(_ name: String, default standard: String) -> String { values[name] ?? standard }

    /// The mode of a new home directory.
    var homeMode: Int {
        if let mode = values["HOME_MODE"].flatMap(Self.number) { return mode }
        return 0o777 & ~number("UMASK", default: 0o022)
    }

    /// As in C: `022` is octal.
    private static func number(_ text: String) -> Int? {
        if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0"), text.count > 1 { return Int(text, radix: 8) }
        return Int(text)
    }
}
