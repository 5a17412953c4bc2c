// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.Context {
    /// The context without a digest cache if the cache would be among the files of a spec or its bases: it would be part of the
    /// tag, and each update would change it.
    package func withoutCacheAmongSources(of spec: ImageSpec) -> ImageSpec.Context {
        var folders: [String] = []
        var current: ImageSpec? = spec
        while let spec = current {
            let folder = forFiles(of: spec).folder
            folders += (spec.copy ?? []).map { Path.join(folder, $0) }
            // With loaded modules, the cache is not copied: its files do not end in .py.
            if spec.effectiveCopyMode == .all, let root = spec.sourceRoot.nonEmpty {
                folders.append(Path.join(folder, root))
            }
            current = if case .spec(let base) = spec.baseImage { base } else { nil }
        }
        guard digestCache.lies(inOneOf: folders) else { return self }
        var context = self
        context.digestCache = .off
        return context
    }
}
