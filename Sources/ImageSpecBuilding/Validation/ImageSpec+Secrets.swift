// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ImageSpec {
    /// The files of secret mounts that a build could not read, of this spec and of those that it is based on.
    ///
    /// Checks the files without opening them: their contents are needed only by a build.
    package func secretProblems(in context: Context) -> [ImageSpecError] {
        ([self] + specBases).enumerated().flatMap { level, spec in
            spec.ownSecretProblems(in: context).map { $0.inBaseImage(levels: level) }
        }
    }

    /// The same of this spec alone.
    package func ownSecretProblems(in context: Context) -> [ImageSpecError] {
        // Envd mounts none, which is another problem.
        if isForEnvd { return [] }
        let context = context.forFiles(of: self)
        return (pipSecretMounts ?? []).enumerated().compactMap { index, mount in
            // An invalid path is reported as it was written.
            if mount.source.isEmpty || mount.source.utf8.contains(0) { return nil }
            let field = "pip_secret_mounts[\(index)]"
            let path = Path.join(context.folder, mount.source)
            do throws(FileSystem.Failure) {
                guard let kind = try FileSystem.kind(path) else { throw FileSystem.Failure.missing }
                guard kind == .file else { throw FileSystem.Failure.notAFile }
                guard access(path, R_OK) == 0 else { throw FileSystem.Failure.last }
            } catch {
                if Path.isURL(mount.source) {
                    return .urlAsPath(field: field, mount.source, expected: "file")
                }
                return .cannotUse(field: field, path: path, expected: "file", error)
            }
            do throws(ImageSpecError) {
                try context.checkPlace(path, field: field)
                return nil
            } catch {
                return error
            }
        }
    }
}
