// SPDX-License-Identifier: Apache-2.0

package import ContentTree

/// What a tag depends on besides the fields: the files, read once, the base and the platform.
///
/// The name is computed from this, and a build context is checked against it, so that both are about the same bytes.
package struct ResolvedInputs: Sendable {
    package struct Copied: Sendable {
        /// In the form of the identity documents: without empty and `.` components.
        package var path: String
        /// The mode of the file or directory. Links are followed.
        package var mode: SourceTree.Mode
        /// The digest of the file's bytes, or of the directory's manifest.
        package var digest: ContentDigest
        /// The tree of the directory, or a tree with this one file.
        package var tree: SourceTree

        package var isFolder: Bool { mode == .folder }
    }

    /// Never empty.
    package var platform: String
    /// The base, if it is a spec, with the platform of this spec if it declares none.
    package var base: ContentIdentity?
    package var requirements: RequirementFiles?
    package var copied: [Copied] = []
    package var source: SourceTree?

    /// Reads all files that a spec names, after those of its bases. The most expensive step of a tag: it hashes every byte.
    ///
    /// `readBase` reads a base spec for a platform, for callers that need more than its identity.
    package static func read(
        of spec: ImageSpec, in context: ImageSpec.Context, inheritedPlatform: String? = nil,
        records: SourceTree.Records = [],
        readBase: ((ImageSpec, String) throws(ImageSpecError) -> ContentIdentity)? = nil
    ) throws(ImageSpecError) -> ResolvedInputs {
        // Without files, there is nothing else to resolve.
        if !spec.namesFiles, !spec.hasBaseSpec {
            try Declared.checkCopyMode(of: spec)
            try Declared.checkPlatform(of: spec)
            return ResolvedInputs(platform: spec.platform(in: context, inherited: inheritedPlatform))
        }
        let declared = try Declared(spec, in: context, inheritedPlatform: inheritedPlatform)
        guard case .spec(let baseSpec) = spec.baseImage else {
            let context = inheritedPlatform == nil ? context.withoutCacheAmongSources(of: spec) : context
            return try read(of: spec, declared, base: nil, in: context, records: records)
        }
        var context = context
        if inheritedPlatform == nil {
            // The uppermost spec checks all bases below it.
            try spec.checkBaseCount()
            if spec.namesFiles { context = context.withoutCacheAmongSources(of: spec) }
        }
        let base: ContentIdentity
        do throws(ImageSpecError) {
            base =
                if let readBase {
                    try readBase(baseSpec, declared.platform)
                } else {
                    try read(withBasesOf: baseSpec, for: declared.platform, in: context)
                }
        } catch {
            throw error.inBaseImage(levels: 1)
        }
        return try read(of: spec, declared, base: base, in: context, records: records)
    }

    /// The declared inputs, with every error that can be found without reading a file.
    package struct Declared {
        /// Never empty.
        package let platform: String
        fileprivate let copyPaths: [String]

        package init(
            _ spec: ImageSpec, in context: ImageSpec.Context, inheritedPlatform: String? = nil
        ) throws(ImageSpecError) {
            platform = spec.platform(in: context, inherited: inheritedPlatform)
            try Self.checkPlatform(of: spec)
            try Self.checkCopyMode(of: spec)
            copyPaths = try (spec.copy ?? []).enumerated().map { index, path throws(ImageSpecError) in
                try checkedCopyPath(path, index)
            }
        }

        /// Refuses a platform that no image can have, such as `amd64`: the tag would name an image that cannot be built.
        fileprivate static func checkPlatform(of spec: ImageSpec) throws(ImageSpecError) {
            if let problem = spec.platformMistake { throw problem }
        }

        fileprivate static func checkCopyMode(of spec: ImageSpec) throws(ImageSpecError) {
            if let mode = spec.effectiveCopyMode, mode != .noCopy, spec.sourceRoot.nonEmpty == nil {
                throw .sourceRootRequired(mode: mode)
            }
        }
    }

    /// Reads a spec and its bases, each once, from the lowest one up.
    ///
    /// Calls `body` for each spec with its inputs, and returns the identity of the spec itself.
    @discardableResult
    package static func read(
        withBasesOf spec: ImageSpec, in context: ImageSpec.Context,
        records: SourceTree.Records = [], _ body: (ImageSpec, ResolvedInputs) -> Void
    ) throws(ImageSpecError) -> ContentIdentity {
        try spec.checkBaseCount()
        return try read(
            withBasesOf: spec, for: nil,
            in: spec.namesFiles ? context.withoutCacheAmongSources(of: spec) : context, records: records, body
        )
    }

    private static func read(
        withBasesOf spec: ImageSpec, for inheritedPlatform: String?, in context: ImageSpec.Context,
        records: SourceTree.Records = [], _ body: (ImageSpec, ResolvedInputs) -> Void = { _, _ in }
    ) throws(ImageSpecError) -> ContentIdentity {
        // A loop: recursion through a chain of 500 specs could overflow the stack of a thread.
        var lowest = spec
        var declared = try Declared(spec, in: context, inheritedPlatform: inheritedPlatform)
        var above: [(spec: ImageSpec, declared: Declared)] = []
        while case .spec(let next) = lowest.baseImage {
            above.append((lowest, declared))
            do throws(ImageSpecError) {
                declared = try Declared(next, in: context, inheritedPlatform: declared.platform)
            } catch {
                throw error.inBaseImage(levels: above.count)
            }
            lowest = next
        }
        func identity(
            _ spec: ImageSpec, _ declared: Declared, _ base: ContentIdentity?, level: Int
        ) throws(ImageSpecError) -> ContentIdentity {
            let contents: ResolvedInputs
            do throws(ImageSpecError) {
                contents = try read(of: spec, declared, base: base, in: context, records: records)
            } catch {
                throw error.inBaseImage(levels: level)
            }
            body(spec, contents)
            return ContentIdentity(spec: spec, contents: contents)
        }
        var result = try identity(lowest, declared, nil, level: above.count)
        for (level, (spec, declared)) in above.enumerated().reversed() {
            result = try identity(spec, declared, result, level: level)
        }
        return result
    }

    /// Reads the files of a spec. Its base was read before.
    package static func read(
        of spec: ImageSpec, _ declared: Declared, base: ContentIdentity?, in context: ImageSpec.Context,
        records: SourceTree.Records = []
    ) throws(ImageSpecError) -> ResolvedInputs {
        var contents = ResolvedInputs(platform: declared.platform, base: base)
        guard spec.namesOwnFiles else { return contents }
        let context = context.forFiles(of: spec)
        let boundary = context.boundary
        let options = context.hashing(in: boundary)
        if let path = spec.requirements.nonEmpty {
            contents.requirements = try RequirementFiles(
                path, workingDirectory: context.folder, in: boundary)
        }
        for (index, (path, written)) in zip(declared.copyPaths, spec.copy ?? []).enumerated() {
            do throws(ImageSpecError) {
                contents.copied.append(
                    try Self.copied(path, written: written, in: context.folder, records: records, options))
            } catch {
                throw error.ofMember(index, in: "copy")
            }
        }
        if let sourceRoot = spec.sourceRoot.nonEmpty, let mode = spec.effectiveCopyMode, mode != .noCopy {
            let path = Path.join(context.folder, sourceRoot)
            if Path.isURL(sourceRoot), (try? FileSystem.kind(path)) != .folder {
                throw .urlAsPath(field: "source_root", sourceRoot, expected: "directory")
            }
            if mode == .loadedModules, let modules = context.loadedModules {
                contents.source = try ImageSpecError.reading("source_root") { () throws(ContentTreeError) in
                    try SourceTree.loadedModules(
                        modules, sourceRoot: path, workingDirectory: context.folder, records: records,
                        options: options)
                }
            } else {
                contents.source = try ImageSpecError.reading("source_root") { () throws(ContentTreeError) in
                    try SourceTree.sourceRoot(
                        path, pythonModulesOnly: mode == .loadedModules, records: records, options: options)
                }
            }
        }
        return contents
    }
}

extension ImageSpec {
    /// `source_copy_mode`, with its default if there is a source root.
    package var effectiveCopyMode: SourceCopyMode? {
        sourceCopyMode ?? (sourceRoot.nonEmpty == nil ? nil : .loadedModules)
    }
}
