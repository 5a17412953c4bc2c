// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension SourceTree {
    /// The ignore rules at a source root: the standard rules, `.dockerignore`, and the `.gitignore` files above it in the same
    /// git work tree. Its own `.gitignore`, and those below, are read by the walk.
    ///
    /// The digest distinguishes them from other rules.
    static func sourceRootRules(
        _ root: [UInt8]
    ) throws(ContentTreeError) -> (scope: IgnoreScope, key: SHA256Digest) {
        var scope = IgnoreScope([.standard])
        var key = SHA256Hasher()
        /// Adds a text with its kind, place and length, so that no two lists of texts are the same.
        func addToKey(_ kind: String, _ place: [UInt8], _ text: [UInt8]) {
            key.update(Array(kind.utf8) + [0] + place + [0] + Array(String(text.count).utf8) + [0] + text)
        }
        if let text = try ignoreFile(".dockerignore", in: root) {
            addToKey("docker", [], text)
            do throws(ContentTreeError) {
                if let file = try IgnoreFile.docker(text, path: ".dockerignore") { scope.add(file, at: []) }
            } catch {
                var error = error
                error.root = String(decoding: root, as: UTF8.self)
                throw error
            }
        }
        for (folder, path) in try foldersAbove(root) {
            guard let text = try ignoreFile(".gitignore", in: folder) else { continue }
            try checkOwner(of: ".gitignore", in: folder, above: root)
            addToKey("git", path, text)
            let ups = String(repeating: "../", count: path.count { $0 == UInt8(ascii: "/") } + 1)
            if let file = IgnoreFile.git(text, path: ups + ".gitignore") { scope.add(file, at: path) }
        }
        return (scope, key.finalize())
    }

    /// The directories above a root that are in the same git work tree, from the top, each with the path to the root. None
    /// if the root contains a `.git`, or no directory above it does.
    private static func foldersAbove(
        _ root: [UInt8]
    ) throws(ContentTreeError) -> [(folder: [UInt8], path: [UInt8])] {
        var names: [[UInt8]] = root.split(separator: UInt8(ascii: "/")).map(Array.init)
        var above: [(folder: [UInt8], path: [UInt8])] = []
        var below: [UInt8] = []
        while true {
            let folder = [UInt8(ascii: "/")] + names.joined(separator: [UInt8(ascii: "/")])
            if !below.isEmpty { above.append((folder, below)) }
            if containsGit(folder) {
                if !below.isEmpty { try checkOwner(of: ".git", in: folder, above: root) }
                return above.reversed()
            }
            guard let name = names.popLast() else { return [] }
            below = below.isEmpty ? name : name + [UInt8(ascii: "/")] + below
        }
    }

    private static func containsGit(_ folder: [UInt8]) -> Bool {
        var status = stat()
        return FileSystem.withCPath(folder + "/.git".utf8) { lstat($0, &status) } == 0
    }

    /// Refuses a file above the root that another user may have created to control what is in the image, as in `/tmp`.
    ///
    /// Git refuses such a work tree too ("dubious ownership").
    private static func checkOwner(
        of name: String, in folder: [UInt8], above root: [UInt8]
    ) throws(ContentTreeError) {
        func owner(_ path: [UInt8]) -> uid_t? {
            var status = stat()
            return FileSystem.withCPath(path) { lstat($0, &status) } == 0 ? status.st_uid : nil
        }
        let path = (folder == [UInt8(ascii: "/")] ? folder : folder + [UInt8(ascii: "/")]) + name.utf8
        guard let user = owner(path), user != 0, user != geteuid(), user != owner(root) else { return }
        throw ContentTreeError(
            String(decoding: path, as: UTF8.self),
            .ignoreFileOfAnotherUser(owner: user, root: String(decoding: root, as: UTF8.self)))
    }

    /// The text of an ignore file. If `nil`, there is none: anything but a regular file is not an ignore file.
    static func ignoreFile(_ name: String, in folder: [UInt8]) throws(ContentTreeError) -> [UInt8]? {
        let path = folder + [UInt8(ascii: "/")] + name.utf8
        do throws(FileSystem.Failure) {
            return try FileSystem.contents(ofRegularFile: path, inFolder: AT_FDCWD)
        } catch {
            throw ContentTreeError(String(decoding: path, as: UTF8.self), .unreadable(error.reason))
        }
    }
}
