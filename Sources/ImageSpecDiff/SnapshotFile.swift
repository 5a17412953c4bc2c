// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.Snapshot {
    /// Writes the record to a file, mode 644, in place of a record that is there.
    ///
    /// Who reads the file at that time sees the old one or the new one, whole.
    /// - Throws: ``ImageSpecError/Code/unwritableOutput``, also where there is a file that is neither empty nor a record: it
    ///   stays as it is.
    public func write(to path: String) throws(ImageSpecError) {
        try Self.refuseOtherContent(path)
        let (place, kind) = try FileSystem.outputPlace(path)
        guard kind == nil || kind == .file else {
            throw .unwritable(place, "it is there, and is no regular file")
        }
        do throws(FileSystem.Failure) {
            try FileSystem.replaceFile(place, with: jsonBytes, mode: 0o644)
        } catch {
            throw .unwritable(place, error.text)
        }
    }

    /// A slip in a command line must not cost the user a spec, or a source file.
    private static func refuseOtherContent(_ path: String) throws(ImageSpecError) {
        // What is no file is refused when it comes to writing.
        guard !path.utf8.contains(0), FileSystem.isRegularFile(path) else { return }
        let bytes: [UInt8]
        do throws(FileSystem.Failure) {
            bytes = try FileSystem.contents(path)
        } catch {
            if error.isMissing { return }
            throw .recordInPlaceOfOther(
                path, found: "cannot be read (\(error.text)) to see whether it is a record")
        }
        if !bytes.isEmpty && !isRecord(bytes) { throw .recordInPlaceOfOther(path, found: "is no record") }
    }
}

extension SnapshotRecording {
    /// Writes the record to a file that is not among those that it is of: that one would change the tag.
    package func write(to path: String) throws(ImageSpecError) {
        // The name itself, and, of a link, the file that it leads to. What is no path is refused when it comes to writing.
        let places = [Array(path.utf8), (try? FileSystem.outputPlace(path))?.place]
        for place in places.compactMap({ $0.flatMap { try? FileSystem.realPlace($0) } }) {
            for (field, tree, isPythonOnly) in trees
            where !isPythonOnly || place.suffix(3).elementsEqual(".py".utf8) {
                let isInput = try ImageSpecError.reading(field) { () throws(ContentTreeError) in
                    try tree.holds(place)
                }
                if isInput { throw .recordAmongInputs(path, field: field) }
            }
        }
        try record.write(to: path)
    }
}

extension SourceTree {
    /// Whether a file, by the real path of its folder with its own name, is an entry or would be one.
    fileprivate func holds(_ path: [UInt8]) throws(ContentTreeError) -> Bool {
        if isWalked { return try wouldHoldFile(path) }
        let prefix = root == [UInt8(ascii: "/")] ? root : root + [UInt8(ascii: "/")]
        return entries.contains { prefix + $0.path == path }
    }
}

extension FileSystem {
    /// The bytes of a record file.
    static func contents(ofRecordFile path: String) throws(ImageSpecError) -> [UInt8] {
        do throws(Failure) {
            return try contents(path)
        } catch {
            throw .cannotUse(field: "record", path: path, expected: "file", error)
        }
    }
}
