// SPDX-License-Identifier: Apache-2.0

public import ImageSpec
public import ImageSpecFlytekit
import Subprocess

extension ImageSpec.GitIgnored {
    /// Returns the files that git ignores in each directory that the flytekit scheme requires for a spec.
    ///
    /// ```swift
    /// let ignored = try await ImageSpec.GitIgnored.query(for: spec)
    /// print(try spec.imageName(scheme: .flytekit(gitIgnored: ignored)))
    /// ```
    ///
    /// Runs `git ls-files -io --exclude-standard`, with git's own configuration and environment, if the spec or one of its
    /// bases copies its whole source root; otherwise runs no process. If git is not installed or fails, for example outside a
    /// work tree, nothing is ignored. The scheme reports a source root that does not exist.
    /// - Throws: `CancellationError`; ``ImageSpecError/Code/toolFailed`` if git is installed but cannot be run.
    public static func query(
        for spec: ImageSpec, in context: ImageSpec.Context = .current
    ) async throws -> ImageSpec.GitIgnored {
        var ignored = ImageSpec.GitIgnored()
        for folder in spec.directoriesRequiringGitIgnore(in: context) where ignored[folder] == nil {
            ignored[folder] = try await listing(of: folder)
        }
        return ignored
    }

    private static func listing(of folder: String) async throws -> Listing {
        let command = ["-C", folder, "ls-files", "-io", "--exclude-standard"]
        do {
            let files = try await output(of: command)
            // flytekit looks at directories only if there are files.
            return Listing(
                files: files,
                directories: files.isEmpty ? [] : try await output(of: command + ["--directory"]))
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return .nothing
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw ImageSpecError.cannotRun("git", "\(error)")
        }
    }

    /// More than a list of files ever has; it only keeps a runaway process from taking all memory.
    private static let outputLimit = 1 << 30

    private static func output(of arguments: [String]) async throws -> [UInt8] {
        let result = try await run(
            .name("git"), arguments: Arguments(arguments), output: .bytes(limit: outputLimit),
            error: .discarded)
        // A cancelled process looks like one that failed.
        try Task.checkCancellation()
        return result.terminationStatus.isSuccess ? result.standardOutput : []
    }
}
