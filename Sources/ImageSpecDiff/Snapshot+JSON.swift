// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ImageSpec.Snapshot {
    static let format = ImageSpec.snapshotFormatPrefix + "v1"

    /// The snapshot as JSON in UTF-8. Equal snapshots have the same bytes.
    ///
    /// The last member is the SHA-256 of all preceding lines, so that truncated or edited snapshots are detected.
    public var json: String { String(decoding: jsonBytes, as: UTF8.self) }

    var jsonBytes: [UInt8] {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "format": .string(Self.format),
            "id": .string(id),
            "tag": .string(tag),
            "content_digest": .string(contentDigest),
            "image_name": .string(imageName),
            "declared": spec.document,
        ]
        for (key, value) in contents.json { object.appendNew(key, value) }
        var bytes = IndentedJSON.bytes(of: .object(object))
        // The closing bracket goes; a comma follows the last member.
        bytes.removeLast(3)
        bytes += ",\n".utf8
        return bytes + Self.trailer(of: bytes[...])
    }

    private static func trailer(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digest = bytes.withUnsafeBytes { ContentDigest(SHA256Digest(of: $0)) }
        return Array("  \"checksum\": \"\(digest)\"\n}\n".utf8)
    }

    /// Whether bytes are a snapshot of any version, complete or not. Otherwise they may be a spec.
    package static func isRecord(_ bytes: [UInt8]) -> Bool {
        func skipWhiteSpace(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            bytes.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        }
        var rest = skipWhiteSpace(bytes[...])
        guard rest.first == UInt8(ascii: "{") else { return false }
        let key = Array("\"format\"".utf8)
        let value = Array("\"\(ImageSpec.snapshotFormatPrefix)".utf8)
        // Not always the first key: other programs may have sorted them.
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            rest = rest[quote...]
            guard rest.starts(with: key) else {
                rest = rest.dropFirst()
                continue
            }
            rest = skipWhiteSpace(rest.dropFirst(key.count))
            guard rest.first == UInt8(ascii: ":") else { continue }
            rest = skipWhiteSpace(rest.dropFirst())
            if rest.starts(with: value) { return true }
        }
        return false
    }

    /// Reads a snapshot from a file.
    /// - Throws: ``ImageSpecError/Code/missingInput``, ``ImageSpecError/Code/unreadableInput``, and
    ///   ``ImageSpecError/Code/invalidDocument`` for a file that is not a snapshot, has another version, or was
    ///   truncated or edited.
    public init(contentsOf path: String) throws(ImageSpecError) {
        let bytes = try FileSystem.contents(ofRecordFile: path)
        do throws(ImageSpecError) {
            try self.init(json: bytes)
        } catch {
            throw error.inFile(path)
        }
    }

    /// Reads a snapshot from UTF-8 bytes.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` for bytes that are not a snapshot, have another version, or were
    ///   truncated or edited.
    public init(json bytes: [UInt8]) throws(ImageSpecError) {
        guard Self.isRecord(bytes) else { throw .noRecord }
        let document: ImageSpec.JSONValue
        var trees: [SnapshotTree] = []
        do throws(ImageSpecError) {
            // Nearly all of a snapshot is its files, and creating a value for each is slower than reading them directly.
            document = try ImageSpec.JSONValue(json: bytes) { bytes, start, keys in
                // What users wrote may have any key and look like anything.
                guard keys.last == "files", !["declared", "tag_fields"].contains(where: keys.contains),
                    let (tree, end) = SnapshotTree.read(bytes, from: start)
                else { return nil }
                trees.append(tree)
                return (.string(SnapshotTree.placeholder(trees.count - 1)), end)
            }
        } catch {
            throw .tornRecord(error)
        }
        guard case .object(let object) = document, let format = object["format"]?.text else {
            throw .noRecord
        }
        guard format == Self.format else { throw .otherRecordVersion(format) }
        let trailerCount = Self.trailer(of: []).count
        guard bytes.count > trailerCount,
            bytes.suffix(trailerCount).elementsEqual(Self.trailer(of: bytes.dropLast(trailerCount)))
        else { throw .editedRecord }
        guard let id = object["id"]?.text, let tag = object["tag"]?.text,
            let contentDigest = object["content_digest"]?.text,
            let imageName = object["image_name"]?.text, let declared = object["declared"],
            let contents = SnapshotContents(json: object, trees)
        else { throw .incompleteRecord }
        self.init(
            id: id, tag: tag, contentDigest: contentDigest, imageName: imageName,
            spec: try ImageSpec(document: declared), contents: contents)
    }
}

// MARK: parts

extension SnapshotContents {
    fileprivate typealias Object = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    fileprivate var json: Object {
        var object: Object = ["tag_fields": .object(tagFields)]
        object["requirements"] = requirements?.json
        if !copied.isEmpty {
            object["copy"] = .array(
                copied.map { copy in
                    [
                        "path": .string(copy.path), "kind": copy.isFolder ? "folder" : "file",
                        "files": copy.tree.json,
                    ]
                })
        }
        object["source_root"] = source.map { ["files": $0.json] }
        object["base"] = base.first.map { .object($0.json) }
        return object
    }

    /// `trees` are those that were read already.
    fileprivate init?(json object: Object, _ trees: [SnapshotTree]) {
        guard case .object(let fields) = object["tag_fields"] else { return nil }
        self.init(tagFields: fields)
        if let value = object["requirements"] {
            guard let read = SnapshotRequirements(json: value) else { return nil }
            requirements = read
        }
        for value in object["copy"]?.list ?? [] {
            guard let path = value["path"]?.text, let kind = value["kind"]?.text,
                let files = value["files"], let tree = SnapshotTree(json: files, trees)
            else { return nil }
            copied.append(SnapshotCopy(path: path, isFolder: kind == "folder", tree: tree))
        }
        if let value = object["source_root"] {
            guard let files = value["files"], let tree = SnapshotTree(json: files, trees) else { return nil }
            source = tree
        }
        if let value = object["base"] {
            guard case .object(let nested) = value, let read = SnapshotContents(json: nested, trees) else {
                return nil
            }
            base = [read]
        }
    }
}

extension SnapshotRequirements {
    fileprivate var json: ImageSpec.JSONValue {
        let files = files.map { file -> ImageSpec.JSONValue in
            var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
                "path": .string(file.name), "digest": .string(file.digest.description),
                "file_digest": .string(file.rawDigest.description),
            ]
            switch file.text {
            case .lines(let lines): object["lines"] = .array(lines.map(ImageSpec.JSONValue.string))
            case .locked(let packages): object["locked"] = .array(packages.map(ImageSpec.JSONValue.string))
            case .none: break
            }
            return .object(object)
        }
        return ["name": .string(main), "files": .array(files)]
    }

    fileprivate init?(json: ImageSpec.JSONValue) {
        guard let main = json["name"]?.text, let list = json["files"]?.list else { return nil }
        var files: [File] = []
        for value in list {
            guard let name = value["path"]?.text, let digest = value["digest"]?.text,
                let rawDigest = value["file_digest"]?.text,
                let digest = ContentDigest(digest), let rawDigest = ContentDigest(rawDigest)
            else { return nil }
            var text = Text.none
            if let lines = value["lines"]?.list { text = .lines(lines.compactMap(\.text)) }
            if let packages = value["locked"]?.list { text = .locked(packages.compactMap(\.text)) }
            files.append(File(name: name, digest: digest, rawDigest: rawDigest, text: text))
        }
        self.init(main: main, files: files)
    }
}

extension SnapshotTree {
    /// A file is the text `MODE DIGEST PATH`; what that cannot hold is an object.
    fileprivate var json: ImageSpec.JSONValue {
        .array(
            files.map { file in
                let start = "\(file.mode.text) \(file.digest)"
                if file.target == nil, let path = String(validating: file.path, as: UTF8.self) {
                    return .string(start + " " + path)
                }
                var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = ["entry": .string(start)]
                object.append("path", bytes: file.path)
                if let target = file.target { object.append("target", bytes: target) }
                return .object(object)
            })
    }

    /// The placeholder in a document for a tree that was already read.
    fileprivate static func placeholder(_ index: Int) -> String { "tree \(index)" }

    /// Reads a list of texts `MODE DIGEST PATH`, from the first one to the bracket; nil for any other list.
    fileprivate static func read(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> (Self, end: Int)? {
        var files: [File] = []
        var position = start
        func skipWhiteSpace() {
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A { position += 1 }
        }
        while position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            let text = UnsafeBufferPointer(rebasing: bytes[(position + 1)...])
            guard !text.isEmpty, let quote = memchr(text.start, 0x22, text.count) else { return nil }
            let count = UnsafeRawPointer(text.start).distance(to: quote)
            let entry = UnsafeBufferPointer(rebasing: text[..<count])
            // An escape, or what is no JSON, is for the reader of all.
            guard !entry.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\\") }),
                let file = File(entry: entry, path: nil),
                files.last.map({ $0.path.order(to: file.path) < 0 }) ?? true
            else { return nil }
            // About as many as there can be: mode, digest, quotes and some letters.
            if files.isEmpty { files.reserveCapacity((bytes.count - start) / 112) }
            files.append(file)
            position += count + 2
            skipWhiteSpace()
            guard position < bytes.count else { return nil }
            position += 1
            if bytes[position - 1] == UInt8(ascii: "]") { return (Self(files: files), position) }
            guard bytes[position - 1] == UInt8(ascii: ",") else { return nil }
            skipWhiteSpace()
        }
        return nil
    }

    fileprivate init?(json: ImageSpec.JSONValue, _ trees: [SnapshotTree]) {
        if let text = json.text {
            guard let index = trees.indices.first(where: { Self.placeholder($0).hasSameBytes(as: text) })
            else { return nil }
            self = trees[index]
            return
        }
        guard let list = json.list else { return nil }
        var files: [File] = []
        files.reserveCapacity(list.count)
        for value in list {
            let file: File?
            if case .string(let text) = value {
                file = text.withBytes { File(entry: $0, path: nil) }
            } else if let entry = value["entry"]?.text, let path = value.bytes("path") {
                file = entry.withBytes { File(entry: $0, path: path, target: value.bytes("target")) }
            } else {
                file = nil
            }
            guard let file else { return nil }
            // A comparison goes through two lists side by side.
            if let last = files.last, last.path.order(to: file.path) >= 0 { return nil }
            files.append(file)
        }
        self.init(files: files)
    }
}

extension SnapshotTree.File {
    private static let modes: [SourceTree.Mode] = [.file, .executable, .link]

    /// `MODE DIGEST`, and the path if that is not given.
    fileprivate init?(entry: UnsafeBufferPointer<UInt8>, path: [UInt8]?, target: [UInt8]? = nil) {
        let space = UInt8(ascii: " ")
        let count = 6
        guard entry.count > count, entry[count] == space,
            let mode = Self.modes.first(where: { memcmp(entry.start, $0.text.utf8Start, count) == 0 })
        else { return nil }
        let rest = UnsafeBufferPointer(rebasing: entry[(count + 1)...])
        let end = rest.firstIndex(of: space) ?? rest.endIndex
        guard let digest = ContentDigest(UnsafeBufferPointer(rebasing: rest[..<end])) else { return nil }
        if let path {
            self.init(path: path, mode: mode, digest: digest, target: target)
        } else {
            guard end < rest.endIndex else { return nil }
            self.init(path: Array(rest[(end + 1)...]), mode: mode, digest: digest)
        }
    }
}

// MARK: values

extension ContentDigest {
    /// Reads `sha256:…` or `sha256-1m:…`.
    fileprivate init?(_ text: UnsafeBufferPointer<UInt8>) {
        let algorithm = UnsafeBufferPointer(rebasing: text.dropLast(SHA256Digest.hexCount))
        let isChunked = algorithm.elementsEqual("sha256-1m:".utf8)
        guard isChunked || algorithm.elementsEqual("sha256:".utf8),
            let digest = SHA256Digest(
                hex: UnsafeBufferPointer(rebasing: text.suffix(SHA256Digest.hexCount)))
        else { return nil }
        self.init(digest, isChunked: isChunked)
    }

    fileprivate init?(_ text: String) {
        guard let digest = text.withBytes({ ContentDigest($0) }) else { return nil }
        self = digest
    }
}

extension SHA256Digest {
    fileprivate init?(hex: UnsafeBufferPointer<UInt8>) {
        guard hex.count == Self.hexCount else { return nil }
        self.init()
        // A snapshot has one for each file. Avoids a branch per digit, which would be unpredictable.
        var isWrong = false
        withUnsafeMutableBytes(of: &words) { output in
            for index in 0..<Self.byteCount {
                let (high, low) = (hex[2 * index], hex[2 * index + 1])
                isWrong = isWrong || !Hexadecimal.isDigit(high) || !Hexadecimal.isDigit(low)
                output[index] = Hexadecimal.value(ofDigit: high) << 4 | Hexadecimal.value(ofDigit: low)
            }
        }
        if isWrong { return nil }
    }
}

enum Hexadecimal {
    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || byte &- UInt8(ascii: "a") < 6
    }

    /// The value of a byte that is a lower-case digit; something else for any other.
    @inline(__always)
    static func value(ofDigit byte: UInt8) -> UInt8 { byte & 15 &+ (byte >> 6) &* 9 }

    static func value(of digit: UInt8) -> UInt8? { isDigit(digit) ? value(ofDigit: digit) : nil }

    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let values = text.utf8.compactMap(value)
        guard values.count == text.utf8.count, values.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}

extension ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
    /// Appends bytes as text, or as `KEY_hex` where they are no UTF-8.
    fileprivate mutating func append(_ key: String, bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            appendNew(key, .string(text))
        } else {
            appendNew(key + "_hex", .string(Hexadecimal.text(bytes)))
        }
    }
}

extension ImageSpec.JSONValue {
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var list: [ImageSpec.JSONValue]? { if case .array(let list) = self { list } else { nil } }

    /// A member of an object; nil if this is not an object.
    subscript(key: String) -> ImageSpec.JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    fileprivate func bytes(_ key: String) -> [UInt8]? {
        self[key]?.text.map { Array($0.utf8) } ?? self[key + "_hex"]?.text.flatMap(Hexadecimal.bytes)
    }
}
