// SPDX-License-Identifier: Apache-2.0

package import ContentTree

extension ImageSpecError {
    /// What went wrong with a tree that was read for a field.
    package init(_ error: ContentTreeError, field: String) {
        let path = error.path
        let plain: ImageSpecError =
            switch error.reason {
            case .unusable(let expected, let failure):
                .cannotUse(field: field, path: path, expected: expected.rawValue, failure)
            case .unreadable(let reason): .unreadable(field: field, path: path, reason: reason)
            case .changed(let what): .sourceChanged(path, what)
            case .missingModule: .missingModule(path)
            case .unreadableModule(let reason):
                .unreadable(field: "loaded modules", path: path, reason: reason)
            case .ignoreFileIsNotUTF8(let line): .ignoreFileIsNotUTF8(path: path, line: line)
            case .malformedPattern(let line, let pattern, let reason, let fix):
                .malformedIgnorePattern(path: path, line: line, pattern, reason, fix)
            case .ignoreFileOfAnotherUser(let owner, let root):
                .ignoreFileOfAnotherUser(path, owner: owner, sourceRoot: root)
            }
        self = error.root.map { plain.inFile("source_root \"" + $0 + "\"") } ?? plain
    }

    /// Runs what reads a tree for a field.
    package static func reading<Result>(
        _ field: String, _ body: () throws(ContentTreeError) -> Result
    ) throws(ImageSpecError) -> Result {
        do throws(ContentTreeError) {
            return try body()
        } catch {
            throw ImageSpecError(error, field: field)
        }
    }

    static func ignoreFileIsNotUTF8(path: String, line: Int) -> ImageSpecError {
        ImageSpecError(.invalidIgnoreFile, "\(path):\(line): not valid UTF-8; save the file as UTF-8")
    }

    static func ignoreFileOfAnotherUser(_ path: String, owner: UInt32, sourceRoot: String) -> ImageSpecError {
        ImageSpecError(
            .invalidIgnoreFile,
            "source_root \"\(sourceRoot)\": \"\(path)\" determines which files are in the image, but is owned by user \(owner), not by "
                + "you, root or the owner of the source root; change its owner, or create .git in the project's own directory"
        )
    }

    static func malformedIgnorePattern(
        path: String, line: Int, _ pattern: String, _ reason: String, _ advice: String
    ) -> ImageSpecError {
        ImageSpecError(.invalidIgnoreFile, "\(path):\(line): pattern \"\(pattern)\": \(reason); \(advice)")
    }
}
