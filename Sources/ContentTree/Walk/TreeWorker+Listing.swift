// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Which names of a directory are entries.
extension TreeWorker {
    /// Reads the names of a directory into `all` and `names`.
    func readNames(
        of directory: TreeDirectory, _ open: OpenFile, into all: inout [UInt8]
    ) throws(ContentTreeError) {
        names.removeAll(keepingCapacity: true)
        do throws(FileSystem.Failure) {
            try FileSystem.forEachEntry(ofOpenDirectory: open.descriptor, buffer) { name, length, type in
                names.append(Name(start: Int32(all.count), length: Int32(length), type: type))
                all.append(contentsOf: UnsafeRawBufferPointer(start: name, count: length + 1))
            }
        } catch {
            throw unreadable(directory.path, error)
        }
    }

    /// Decides which of the listed names are entries, and adds them to `state`.
    func classify(
        _ directory: TreeDirectory, _ open: OpenFile, _ scope: IgnoreScope,
        _ state: inout TreeDirectory.State,
        _ files: inout [FileBatch.File], _ subdirectories: inout [TreeDirectory]
    ) throws(ContentTreeError) {
        var scope = scope
        if configuration.readsGitignore, names.contains(where: { isEqual($0, ".gitignore", state.names) }) {
            try addGitignore(of: directory, open, to: &scope, &state)
        }
        matcher.begin(scope)
        let longestName =
            SourceTree.maximumPathLength - directory.path.count - (directory.path.isEmpty ? 0 : 1)
        for item in names {
            if isEqual(item, ".git", state.names) {
                exclude(directory, item, state.names, isFolder: item.type == UInt8(DT_DIR), .gitFolder)
                continue
            }
            let kind = try kind(of: item, in: directory, open, state.names)
            let verdict = state.names.withUnsafeBytes { names in
                matcher.verdict(Self.name(item, names), isFolder: kind == .folder)
            }
            switch verdict {
            case .exclude(let file, let rule):
                exclude(directory, item, state.names, isFolder: kind == .folder, Self.reason(file, rule))
                continue
            case .excludeButDescend(let file, let rule):
                exclude(directory, item, state.names, isFolder: false, Self.reason(file, rule))
            case .include: break
            }
            if item.length > longestName && kind != .other {
                throw ContentTreeError(
                    absolute(directory.path(of: state.names[item.range])), .pathTooLong)
            }
            switch kind {
            case .folder:
                let subdirectory = state.names.withUnsafeBytes {
                    self.subdirectory(Self.name(item, $0), of: directory, state)
                }
                switch subdirectory {
                case .unchanged(let digest):
                    state.add(item.start, item.length, .folder, digest.map { ContentDigest($0) })
                case .toBeWalked(let subdirectory):
                    subdirectories.append(subdirectory)
                    state.add(item.start, item.length, .folder)
                }
            case .file, .link:
                let isSkipped =
                    configuration.pythonModulesOnly
                    && !state.names[item.range].suffix(3).elementsEqual(".py".utf8)
                if isSkipped {
                    exclude(directory, item, state.names, isFolder: false, .notPython)
                } else if kind == .file {
                    addFile(item, isLink: false, &state, &files)
                } else {
                    try classifyLink(item, in: directory, open, &state, &files)
                }
            case .other:
                exclude(directory, item, state.names, isFolder: false, .special)
            }
        }
    }

    func addFile(
        _ item: Name, isLink: Bool, _ state: inout TreeDirectory.State, _ files: inout [FileBatch.File]
    ) {
        files.append(FileBatch.File(index: Int32(state.entries.count), name: item.start, isLink: isLink))
        state.add(item.start, item.length, .file)
        if isLink { state.setLastIsLinkToFile() }
    }

    func addGitignore(
        of directory: TreeDirectory, _ open: OpenFile, to scope: inout IgnoreScope,
        _ state: inout TreeDirectory.State
    ) throws(ContentTreeError) {
        let name = Array(".gitignore".utf8)
        if let recorder {
            // Before it is read, so that the next run notices later changes. A link here is not an ignore file, and remains a
            // link as long as the directory is unchanged.
            var status = stat()
            if fstatat(open.descriptor, ".gitignore", &status, AT_SYMLINK_NOFOLLOW) == 0 {
                let signature = StatSignature(status)
                let isReliable = recorder.reliability(of: signature, open.descriptor) != .none
                state.gitignore = isReliable ? signature : StatSignature()
            }
        }
        let text: [UInt8]?
        do throws(FileSystem.Failure) {
            text = try FileSystem.contents(ofRegularFile: name, inFolder: open.descriptor)
        } catch {
            throw unreadable(directory.path(of: name), error)
        }
        guard let text else { return }
        let shown = String(decoding: directory.path(of: name), as: UTF8.self)
        if let file = IgnoreFile.git(text, path: shown) { scope.add(file, at: []) }
        if recorder == nil { return }
        var hasher = SHA256Hasher()
        directory.rulesKey.withBytes { hasher.update($0) }
        hasher.update(text)
        state.rulesBelow = hasher.finalize()
    }

    private func kind(
        of item: Name, in directory: TreeDirectory, _ open: OpenFile, _ names: [UInt8]
    ) throws(ContentTreeError) -> FileSystem.Kind {
        if let kind = FileSystem.kind(ofEntryType: item.type) { return kind }
        var status = stat()
        let result = names.withUnsafeBytes {
            fstatat(open.descriptor, Self.cName(item.start, $0), &status, AT_SYMLINK_NOFOLLOW)
        }
        guard result == 0 else { throw unreadable(directory.path(of: names[item.range])) }
        return FileSystem.kind(ofMode: status.st_mode)
    }

    private static func name(_ item: Name, _ names: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: names[item.range])
    }

    private func isEqual(_ item: Name, _ name: StaticString, _ names: [UInt8]) -> Bool {
        Int(item.length) == name.utf8CodeUnitCount
            && names.withUnsafeBytes {
                memcmp($0.baseAddress.unsafelyUnwrapped + Int(item.start), name.utf8Start, Int(item.length))
            } == 0
    }

    private static func reason(_ file: IgnoreFile, _ rule: Int) -> SourceTree.Reason {
        let (line, text) = file.rule(rule)
        return .rule(file: file.path, line: line, text: text)
    }

    func exclude(
        _ directory: TreeDirectory, _ item: Name, _ names: [UInt8], isFolder: Bool,
        _ reason: @autoclosure () -> SourceTree.Reason
    ) {
        guard configuration.records.contains(.excluded) else { return }
        excluded.append(
            SourceTree.Excluded(
                path: directory.path(of: names[item.range]), isFolder: isFolder, reason: reason()))
    }
}
