// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.Snapshot {
    package static let format = ImageSpec.snapshotFormatPrefix + "v1"

    /// The snapshot as JSON in UTF-8. Equal snapshots have the same bytes.
    ///
    /// The last member is the SHA-256 of all preceding lines, so that truncated or edited snapshots are detected.
    public var json: String { String(decoding: jsonBytes, as: UTF8.self) }

    package var jsonBytes: [UInt8] {
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
        // The checksum covers everything before its own line.
        bytes.removeLast("\n}\n".utf8.count)
        bytes += ",\n".utf8
        return bytes + Self.trailer(of: bytes[...])
    }

    /// The last lines of a snapshot, with the checksum of the lines before them.
    private static func trailer(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digest = bytes.withUnsafeBytes { ContentDigest(SHA256Digest(of: $0)) }
        return Array("  \"checksum\": \"\(digest)\"\n}\n".utf8)
    }

    /// Whether bytes are a snapshot of any version, complete or not. Otherwise they may be a spec.
    package static func isSnapshot(_ bytes: [UInt8]) -> Bool {
        var cursor = TextCursor(bytes)
        cursor.skip(\.isJSONWhiteSpace)
        guard cursor.take("{") else { return false }
        let value = "\"" + ImageSpec.snapshotFormatPrefix
        // Not always the first key: other programs may have sorted them.
        while !cursor.isAtEnd {
            cursor.skip { $0 != UInt8(ascii: "\"") }
            guard cursor.take("\"format\"") else {
                cursor.position += 1
                continue
            }
            cursor.skip(\.isJSONWhiteSpace)
            guard cursor.take(":") else { continue }
            cursor.skip(\.isJSONWhiteSpace)
            if cursor.bytes[cursor.position...].starts(with: value.utf8) { return true }
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
        guard Self.isSnapshot(bytes) else { throw .notASnapshot }
        let document: ImageSpec.JSONValue
        do throws(ImageSpecError) {
            document = try ImageSpec.JSONValue(json: bytes)
        } catch {
            throw .truncatedSnapshot(error.problems[0])
        }
        guard case .object(let object) = document, let format = object["format"]?.text else {
            throw .notASnapshot
        }
        guard format == Self.format else { throw .unsupportedSnapshotFormat(format) }
        let trailerCount = Self.trailer(of: []).count
        guard bytes.count > trailerCount,
            bytes.suffix(trailerCount).elementsEqual(Self.trailer(of: bytes.dropLast(trailerCount)))
        else { throw .editedSnapshot }
        guard let id = object["id"]?.text, let tag = object["tag"]?.text,
            let contentDigest = object["content_digest"]?.text,
            let imageName = object["image_name"]?.text, let declared = object["declared"],
            let contents = SnapshotContents(json: object)
        else { throw .malformedSnapshot }
        self.init(
            id: id, tag: tag, contentDigest: contentDigest, imageName: imageName,
            spec: try ImageSpec(document: declared), contents: contents)
    }
}
