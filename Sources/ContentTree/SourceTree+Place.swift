// SPDX-License-Identifier: Apache-2.0

extension SourceTree {
    /// Whether files in a directory, given by its real path, would be entries of this tree, according to its name and the
    /// directories above it.
    package func wouldHoldFiles(in folder: [UInt8]) throws(ContentTreeError) -> Bool {
        try folder == root ? rules != nil : wouldHold(folder, isFolder: true)
    }

    /// Whether a file, given by the real path of its directory and its own name, would be an entry of this tree.
    package func wouldHoldFile(_ path: [UInt8]) throws(ContentTreeError) -> Bool {
        try wouldHold(path, isFolder: false)
    }

    private func wouldHold(_ path: [UInt8], isFolder: Bool) throws(ContentTreeError) -> Bool {
        guard var scope = rules, let components = Self.components(of: path, below: root) else { return false }
        let matcher = IgnoreMatcher()
        var place = root
        for (index, name) in components.enumerated() {
            if name.elementsEqual(".git".utf8) { return false }
            if readsGitignore, let text = try Self.ignoreFile(".gitignore", in: place),
                let file = IgnoreFile.git(text, path: ".gitignore")
            {
                scope.add(file, at: [])
            }
            matcher.begin(scope)
            let isLast = index == components.count - 1
            let verdict = name.withUnsafeBytes { matcher.verdict($0, isFolder: isFolder || !isLast) }
            switch verdict {
            case .exclude: return false
            case .excludeButDescend where !isFolder && isLast: return false
            case .excludeButDescend, .include: break
            }
            scope = name.withUnsafeBytes { matcher.scope(entering: $0) }
            place += [UInt8(ascii: "/")] + name
        }
        return true
    }
}
