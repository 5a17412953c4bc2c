// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ImageSpec.Record {
    /// Writes the record to a file, mode 644, in place of a record that is there.
    ///
    /// Who reads the file at that time sees the old one or the new one, whole.
    /// - Throws: ``ImageSpecError/Code/unwritableOutput``, also where there is a file that is neither empty nor a record: it
    ///   stays as it is.
    public func write(to path: String) throws(ImageSpecError) {
        try Self.refuseOtherContent(path)
        try FileSystem.replaceFile(path, with: jsonBytes)
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

extension Recording {
    /// Writes the record to a file that is not among those that it is of: that one would change the tag.
    package func write(to path: String) throws(ImageSpecError) {
        // The name itself, and, of a link, the file that it leads to.
        for place in [Self.place(of: path), try? FileSystem.realPath(path)] {
            guard let place else { continue }
            for (field, tree, isPythonOnly) in trees
            where try tree.holds(place) && (!isPythonOnly || place.suffix(3).elementsEqual(".py".utf8)) {
                throw .recordAmongInputs(path, field: field)
            }
        }
        try record.write(to: path)
    }

    /// The real path of the folder, with the file's own name; nil where the folder does not exist.
    private static func place(of path: String) -> [UInt8]? {
        guard let folder = try? FileSystem.realPath(Path.folder(of: path)) else { return nil }
        return (folder == [UInt8(ascii: "/")] ? [] : folder) + [UInt8(ascii: "/")]
            + Path.lastComponent(path).utf8
    }
}

extension SourceTree {
    /// Whether a file, by the real path of its folder with its own name, is an entry or would be one.
    fileprivate func holds(_ path: [UInt8]) throws(ImageSpecError) -> Bool {
        if rules != nil { return try wouldHoldFile(path) }
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

    /// Writes a new file beside `path` and gives it that name, so that nothing is ever half there.
    ///
    /// A link keeps leading where it leads. What is neither file nor link is left alone.
    static func replaceFile(_ path: String, with bytes: [UInt8]) throws(ImageSpecError) {
        guard !path.isEmpty, path.utf8.last != UInt8(ascii: "/"), !path.utf8.contains(0) else {
            throw .unwritable(Array(path.utf8), "it is no path of a file")
        }
        var target = Array(path.utf8)
        if let kind = try? kind(path) {
            guard kind == .file else { throw .unwritable(target, "it is there, and is no regular file") }
            if let real = try? realPath(path) { target = real }
        } else {
            let folder = Path.folder(of: path)
            if (try? FileSystem.kind(folder)) != .folder { throw .parentMissing(path, parent: folder) }
        }
        // Not the name with something after it, which may be too long for a name.
        // (The six X are mkstemp's, which puts its own letters there.)
        let folder = target.lastIndex(of: UInt8(ascii: "/")).map { target[...$0] } ?? []
        var template = folder + ".imagespec-XXXXXX".utf8 + [0]
        let descriptor = template.withUnsafeMutableBytes {
            mkstemp($0.bindMemory(to: CChar.self).baseAddress.unsafelyUnwrapped)
        }
        guard descriptor >= 0 else { throw .unwritable(target, Failure.last.text) }
        let temporary = Array(template.dropLast())
        var reason: String?
        if !writeAll(bytes, to: descriptor) || fchmod(descriptor, 0o644) != 0 || fsync(descriptor) != 0 {
            reason = Failure.last.text
        }
        // Some file systems say only now that there was no room.
        if close(descriptor) != 0, reason == nil { reason = Failure.last.text }
        if reason == nil, withCPath(temporary, { from in withCPath(target) { rename(from, $0) } }) != 0 {
            reason = Failure.last.text
        }
        if let reason {
            _ = withCPath(temporary, unlink)
            throw .unwritable(target, reason)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }
}
