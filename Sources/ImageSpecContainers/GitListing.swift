// SPDX-License-Identifier: Apache-2.0

public import ImageSpec
public import ImageSpecFlytekit
import Subprocess

extension ImageSpec.GitIgnored {
    /// Asks git, as flytekit does, in each folder that the flytekit scheme needs for a spec.
    ///
    /// ```swift
    /// let ignored = try await ImageSpec.GitIgnored.query(for: spec)
    /// print(try spec.imageName(scheme: .flytekit(gitIgnored: ignored)))
    /// ```
    ///
    /// Runs `git ls-files -io --exclude-standard` (git's own configuration and environment play their part) where the
    /// spec, or a base of it, copies its whole source root; no process where none does. Where git is not installed, or
    /// fails, as it does outside a work tree, nothing is ignored. A source root that does not exist is left to the scheme.
    /// - Throws: `CancellationError`; ``ImageSpecError/Code/toolFailed`` where git is there and cannot be run.
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
            // flytekit looks at folders only where there are files.
            return Listing(
                files: files, folders: files.isEmpty ? [] : try await output(of: command + ["--directory"]))
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
