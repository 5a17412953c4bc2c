// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// A warning about a spec or its files.
    public struct Warning: Hashable, Sendable, CustomStringConvertible {
        /// The field, prefixed by `base_image: ` for each spec above it.
        public let field: String
        /// The path, relative to the working directory if the path in the field is.
        public let path: String
        /// The problem and the fix, without field and path.
        public let reason: String

        /// The field, path and reason in one line.
        public var description: String { "\(field): \"\(path)\" \(reason)" }

        /// A file that is not in the project directory.
        static func outside(field: String, path: String, real: String) -> Warning {
            Warning(
                field: field, path: path,
                reason: "is \"\(real.escapingControlCharacters)\", outside the project directory")
        }
    }

    /// Returns warnings about this spec and its bases.
    ///
    /// Warns about secrets outside the project directory, which ``Context/within`` allows; for other files outside, see
    /// ``Inputs/warnings``.
    ///
    /// Warns about ignore files in a source root that docker or podman would read, but that are ignored here:
    /// `.containerignore`, and `NAME.dockerignore` for a Dockerfile of that name. Only `.dockerignore` and `.gitignore` are
    /// used. Lists the source roots and reads no files.
    public func warnings(in context: Context) -> [Warning] {
        ([self] + specBases).enumerated().flatMap { level, spec in
            let context = context.forFiles(of: spec)
            return spec.unreadIgnoreFiles(in: context).map { name in
                let root = Path.normalized(spec.sourceRoot ?? "")
                return Warning(
                    field: String(repeating: "base_image: ", count: level) + "source_root",
                    path: Path.normalized(Path.join(root, name)),
                    reason:
                        "is not read, so it excludes no files; write its rules to "
                        + "\"\(Path.normalized(Path.join(root, ".dockerignore")))\"")
            } + spec.secretsOutside(in: context, level: level)
        }
    }

    private func secretsOutside(in context: Context, level: Int) -> [Warning] {
        // Without other directories, a secret outside is an error.
        guard !context.within.isEmpty, let mounts = pipSecretMounts, !mounts.isEmpty else { return [] }
        let boundary = context.boundary
        return mounts.enumerated().compactMap { index, mount in
            guard !mount.source.utf8.contains(0),
                let real = try? FileSystem.realPath(Path.join(context.folder, mount.source)),
                boundary.contains(real), !boundary.projectContains(real)
            else { return nil }
            return .outside(
                field: String(repeating: "base_image: ", count: level) + "pip_secret_mounts[\(index)]",
                path: mount.source, real: String(decoding: real, as: UTF8.self))
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
