// SPDX-License-Identifier: Apache-2.0

extension SourceTree {
    /// Whether files that are put into a folder, given by its real path, become entries of this tree, as far as its
    /// name and the folders above it say.
    func wouldHoldFiles(in folder: [UInt8]) throws(ImageSpecError) -> Bool {
        guard var scope = rules else { return false }
        if folder == root { return true }
        guard let components = Self.components(of: folder, below: root) else { return false }
        let matcher = IgnoreMatcher()
        var place = root
        for name in components {
            if name.elementsEqual(".git".utf8) { return false }
            if readsGitignore, let text = try Self.ignoreFile(".gitignore", in: place),
                let file = IgnoreFile.git(text, path: ".gitignore")
            {
                scope.add(file, at: [])
            }
            matcher.begin(scope)
            let verdict = name.withUnsafeBytes { matcher.verdict($0, isFolder: true) }
            if case .leaveOut = verdict { return false }
            scope = name.withUnsafeBytes { matcher.scope(entering: $0) }
            place += [UInt8(ascii: "/")] + name
        }
        return true
    }
}
