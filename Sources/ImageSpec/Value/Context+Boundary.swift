// SPDX-License-Identifier: Apache-2.0

package import ContentTree

// Where the files of a spec must be.

extension ImageSpec.Context {
    /// The project directory and the other directories in ``within``. Computed at each access, with a few system calls.
    package var boundary: Boundary {
        .project(of: folder, and: specFolder, within: within)
    }

    /// How files are hashed, with a boundary that was computed before.
    package func hashing(in boundary: Boundary) -> HashingOptions {
        HashingOptions(
            cacheDirectory: digestCache.path, progress: progress.map(ProgressObserver.init),
            boundary: boundary)
    }

    /// Refuses a file or directory that a field of a spec names if it is outside the boundary, after links are followed.
    ///
    /// A path that does not exist is not refused.
    /// - Throws: ``ImageSpecError/Code/outsideProject``.
    package func checkPlace(
        _ path: String, field: String, isFolder: Bool = false
    ) throws(ImageSpecError) {
        guard !path.utf8.contains(0), let real = try? FileSystem.realPath(path) else { return }
        do throws(OutsideBoundary) {
            try boundary.check(real, isFolder: isFolder)
        } catch {
            throw .outside(field: field, path: path, error)
        }
    }
}

extension Boundary {
    /// The projects of directories, and other directories that the caller allows. What does not exist allows nothing.
    ///
    /// The project is the git work tree, so that the specs of a repository can share files. A home directory that is a git
    /// work tree, as for configuration files, is not a project: it contains the keys that a spec must not read.
    static func project(
        of folder: String, and specFolder: String? = nil, within others: [String],
        home: @autoclosure () -> String? = CurrentProcess.environmentVariable("HOME")
    ) -> Boundary {
        func project(_ folder: String) -> [UInt8] {
            let directory =
                (try? FileSystem.realPath(folder)) ?? Array(Path.lexicallyNormalized(folder).utf8)
            guard let workTree = FileSystem.gitWorkTree(of: directory), workTree != directory else {
                return directory
            }
            let isHome = home().map { FileSystem.isSameFolder(workTree, Array($0.utf8)) } ?? false
            return isHome || workTree == [UInt8(ascii: "/")] ? directory : workTree
        }
        return Boundary(
            projects: [project(folder)] + (specFolder.map { [project($0)] } ?? []),
            others: others.compactMap { $0.utf8.contains(0) ? nil : try? FileSystem.realPath($0) })
    }
}
