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
            case .pathTooLong: .pathTooLong(field: field, path: path)
            case .fileTooLarge: .fileTooLarge(field: field, path: path)
            case .missingModule: .missingModule(path)
            case .unreadableModule(let reason):
                .unreadable(field: "loaded modules", path: path, reason: reason)
            case .ignoreFileIsNotUTF8(let line):
                .ignoreFileIsNotUTF8(Self.locations(of: error, line: line))
            case .malformedPattern(let line, let pattern, let reason, let fix):
                .malformedIgnorePattern(Self.locations(of: error, line: line), pattern, reason, fix)
            case .ignoreFileOfAnotherUser(let owner, let root):
                .ignoreFileOfAnotherUser(path, owner: owner, sourceRoot: root)
            case .outside(let outside): .outside(field: field, path: path, outside)
            }
        self = plain
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

    /// The line of an ignore file in the directory that the field `source_root` names.
    private static func locations(of error: ContentTreeError, line: Int) -> [Location] {
        [
            Location(field: "source_root", subject: error.root.map { "\"\($0)\"" }),
            Location(file: error.path, line: line),
        ]
    }

    static func ignoreFileIsNotUTF8(_ locations: [Location]) -> ImageSpecError {
        ImageSpecError(.invalidIgnoreFile, at: locations, "not valid UTF-8", fix: "save the file as UTF-8")
    }

    static func ignoreFileOfAnotherUser(_ path: String, owner: UInt32, sourceRoot: String) -> ImageSpecError {
        ImageSpecError(
            .invalidIgnoreFile, at: [Location(field: "source_root", subject: "\"\(sourceRoot)\"")],
            "\"\(path)\" determines which files are in the image, but is owned by user \(owner), not by you, root or the owner of the source root",
            fix: "change its owner, or create .git in the project's own directory")
    }

    static func malformedIgnorePattern(
        _ locations: [Location], _ pattern: String, _ reason: String, _ advice: String
    ) -> ImageSpecError {
        ImageSpecError(
            .invalidIgnoreFile, at: locations, found: pattern, "pattern \"\(pattern.shortened)\": \(reason)",
            fix: Fix(advice))
    }
}
