// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// Something about a spec or its files that is no error, and may not do what it looks like.
    public struct Warning: Hashable, Sendable, CustomStringConvertible {
        /// The field that it is about, after `base_image: ` for each spec above it.
        public let field: String
        /// The path that it is about, relative to the working directory if the field's is.
        public let path: String
        /// What is unusual, and what to do, without the field and path.
        public let reason: String

        /// Field, path and reason, as a line.
        public var description: String { "\(field): \"\(path)\" \(reason)" }
    }

    /// What is no error, and may not do what it looks like, in this spec and those that it is based on.
    ///
    /// Ignore files in a source root that docker or podman read, and that play no part in a tag: `.containerignore`, and
    /// `NAME.dockerignore` for a Dockerfile of that name. Only `.dockerignore` and `.gitignore` do. Lists the source roots
    /// and reads no file.
    public func warnings(in context: Context) -> [Warning] {
        ([self] + specBases).enumerated().flatMap { level, spec in
            spec.unreadIgnoreFiles(in: context).map { name in
                let root = Path.normalized(spec.sourceRoot ?? "")
                return Warning(
                    field: String(repeating: "base_image: ", count: level) + "source_root",
                    path: Path.normalized(Path.join(root, name)),
                    reason:
                        "is not read, so it excludes no files; write its rules to "
                        + "\"\(Path.normalized(Path.join(root, ".dockerignore")))\"")
            }
        }
    }

    /// The names of ignore files beside those that are read, if the source root is walked by such rules.
    private func unreadIgnoreFiles(in context: Context) -> [String] {
        guard let root = sourceRoot.nonEmpty, let mode = effectiveCopyMode, mode != .noCopy,
            mode == .all || context.loadedModules == nil,
            let listing = FileSystem.listing(ofFolder: Path.join(context.folder, root))
        else { return [] }
        let suffix = ".dockerignore"
        return listing.entries.filter { entry in
            entry.kind == .file
                && (entry.name == ".containerignore"
                    || entry.name.utf8.count > suffix.utf8.count && entry.name.hasSuffix(suffix))
        }.map(\.name)
    }
}
