// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.Snapshot {
    /// Writes the snapshot to a file with mode 644. Replaces an existing snapshot.
    ///
    /// Concurrent readers see either the old or the new snapshot, never a part of one.
    /// - Throws: ``ImageSpecError/Code/unwritableOutput``, also if the file exists and is neither empty nor a
    ///   snapshot; it is left unchanged.
    public func write(to path: String) throws(ImageSpecError) {
        try Self.refuseOtherContent(path)
        let (place, kind) = try FileSystem.outputPlace(path)
        guard kind == nil || kind == .file else {
            throw .unwritable(place, "not a regular file")
        }
        do throws(FileSystem.Failure) {
            try FileSystem.replaceFile(place, with: jsonBytes, mode: 0o644)
        } catch {
            throw .unwritable(place, error.reason)
        }
    }

    /// A typo in a command line must not overwrite a spec or a source file.
    private static func refuseOtherContent(_ path: String) throws(ImageSpecError) {
        // Anything but a regular file is rejected later, when the snapshot is written.
        guard !path.utf8.contains(0), FileSystem.isRegularFile(path) else { return }
        let bytes: [UInt8]
        do throws(FileSystem.Failure) {
            bytes = try FileSystem.contents(path)
        } catch {
            if error.isMissing { return }
            throw .notOverwritten(
                path, found: "cannot be read (\(error.reason)) to check whether it is a snapshot")
        }
        if !bytes.isEmpty && !isSnapshot(bytes) {
            throw .notOverwritten(path, found: "is not a snapshot")
        }
    }
}

extension SnapshotRecording {
    /// Writes the snapshot to a file. Refuses a file that is one of its inputs, which would change the tag.
    package func write(to path: String) throws(ImageSpecError) {
        try checkIsNotInput(path)
        try snapshot.write(to: path)
    }

    /// Throws if a file is one of the inputs, or would become one: writing there would change the tag.
    package func checkIsNotInput(_ path: String) throws(ImageSpecError) {
        // The path itself and, for a link, its target. An invalid path is rejected when writing.
        let places = [Array(path.utf8), (try? FileSystem.outputPlace(path))?.place]
        for place in places.compactMap({ $0.flatMap { try? FileSystem.realPlace($0) } }) {
            for (field, tree, isPythonOnly) in trees
            where !isPythonOnly || place.suffix(3).elementsEqual(".py".utf8) {
                let isInput = try ImageSpecError.reading(field) { () throws(ContentTreeError) in
                    try tree.holds(place)
                }
                if isInput { throw .snapshotAmongInputs(path, field: field) }
            }
        }
    }
}

extension SourceTree {
    /// Whether a file, given by the real path of its directory and its own name, is an entry or would become one.
    fileprivate func holds(_ path: [UInt8]) throws(ContentTreeError) -> Bool {
        if isWalked { return try wouldHoldFile(path) }
        let prefix = root == [UInt8(ascii: "/")] ? root : root + [UInt8(ascii: "/")]
        return entries.contains { prefix + $0.path == path }
    }
}

extension FileSystem {
    /// The bytes of a snapshot that the user names, which may come from a pipe.
    static func contents(ofRecordFile path: String) throws(ImageSpecError) -> [UInt8] {
        do throws(Failure) {
            return try contents(path, .anyFiles)
        } catch {
            throw .cannotUse(field: "snapshot", path: path, expected: "file", error)
        }
    }
}
