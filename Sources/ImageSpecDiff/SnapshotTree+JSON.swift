// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

extension SnapshotTree {
    var json: ImageSpec.JSONValue { .array(files.map(\.json)) }

    init?(json: ImageSpec.JSONValue) {
        guard let list = json.list else { return nil }
        var files: [File] = []
        files.reserveCapacity(list.count)
        for value in list {
            guard let file = File(json: value) else { return nil }
            // A comparison relies on the order of the files.
            if let last = files.last, last.path.order(to: file.path) >= 0 { return nil }
            files.append(file)
        }
        self.init(files: files)
    }
}

extension SnapshotTree.File {
    /// `"MODE DIGEST PATH"`; a link, or a path that is not UTF-8, has an object with more members.
    fileprivate var json: ImageSpec.JSONValue {
        let entry = "\(mode.text) \(digest)"
        if target == nil, let path = String(validating: path, as: UTF8.self) {
            return .string(entry + " " + path)
        }
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = ["entry": .string(entry)]
        object.append("path", bytes: path)
        if let target { object.append("target", bytes: target) }
        return .object(object)
    }

    fileprivate init?(json: ImageSpec.JSONValue) {
        if let text = json.text {
            guard let file = text.withBytes({ Self(entry: $0[...]) }) else { return nil }
            self = file
        } else {
            guard let entry = json["entry"]?.text, let path = json.bytes("path"),
                let file = (entry + " ").withBytes({ Self(entry: $0[...]) })
            else { return nil }
            self.init(path: path, mode: file.mode, digest: file.digest, target: json.bytes("target"))
        }
    }

    /// Reads `MODE DIGEST PATH`.
    private init?(entry: Slice<UnsafeBufferPointer<UInt8>>) {
        let space = UInt8(ascii: " ")
        guard let modeEnd = entry.firstIndex(of: space),
            let digestEnd = entry[(modeEnd + 1)...].firstIndex(of: space),
            let mode = SourceTree.Mode(text: entry[..<modeEnd]), mode != .folder,
            let digest = ContentDigest(entry[(modeEnd + 1)..<digestEnd])
        else { return nil }
        self.init(path: Array(entry[(digestEnd + 1)...]), mode: mode, digest: digest)
    }
}

extension SourceTree.Mode {
    fileprivate init?(text: Slice<UnsafeBufferPointer<UInt8>>) {
        let modes: [SourceTree.Mode] = [.file, .executable, .link, .folder]
        guard let mode = modes.first(where: { $0.text.withUTF8Buffer { text.elementsEqual($0) } }) else {
            return nil
        }
        self = mode
    }
}

extension ContentDigest {
    init?(_ text: String) {
        guard let digest = text.withBytes({ ContentDigest($0[...]) }) else { return nil }
        self = digest
    }

    /// Reads `sha256:…` or `sha256-1m:…`.
    fileprivate init?(_ text: Slice<UnsafeBufferPointer<UInt8>>) {
        let algorithm = text.dropLast(SHA256Digest.hexCount)
        let isChunked = algorithm.elementsEqual("sha256-1m:".utf8)
        guard isChunked || algorithm.elementsEqual("sha256:".utf8),
            let digest = SHA256Digest(hex: text.suffix(SHA256Digest.hexCount))
        else { return nil }
        self.init(digest, isChunked: isChunked)
    }
}

extension SHA256Digest {
    fileprivate init?(hex: Slice<UnsafeBufferPointer<UInt8>>) {
        guard hex.count == Self.hexCount, hex.allSatisfy(Hexadecimal.isDigit) else { return nil }
        self.init()
        withUnsafeMutableBytes(of: &words) { output in
            for index in 0..<Self.byteCount {
                let start = hex.startIndex + 2 * index
                output[index] =
                    Hexadecimal.value(ofDigit: hex[start]) << 4 | Hexadecimal.value(ofDigit: hex[start + 1])
            }
        }
    }
}
