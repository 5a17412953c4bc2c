// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

/// What the builtin engine uses of this machine and its network. Tests replace parts of it.
struct BuiltinDependencies: Sendable {
    var runner: CommandRunner
    /// The directories of `PATH`; nil for those of this process.
    var folders: [String]?
    var registry: RegistryImages
    /// The repository of an image, with a file of credentials.
    var repository:
        @Sendable (_ reference: ImageSpec.ImageReference, _ credentialsFile: String?, _ isWritten: Bool) ->
            any ImageRepository

    /// The programs of this machine, and registries.
    static let system = BuiltinDependencies(runner: .system, folders: nil, registry: .system) {
        reference, file, isWritten in
        RegistryRepository(RegistryClients.shared[file], reference, isWritten: isWritten)
    }

    var finder: EngineFinder {
        var finder = EngineFinder(runner: runner)
        if let folders { finder.folders = folders }
        return finder
    }

    /// Programs for the layers of images.
    var programs: ProgramRunner {
        let finder = finder
        return ProgramRunner(
            variables: ImageSpec.processEnvironmentNames, programs: { finder.programs($0) },
            run: { call, onLine in
                let command = Command(
                    executable: call.executable, arguments: call.arguments, environment: call.environment)
                let outcome = try await finder.runner(command, onLine: onLine)
                return ProgramRunner.Outcome(
                    isSuccess: outcome.isSuccess, output: outcome.output, messages: outcome.messages)
            })
    }

    /// Looks for an image in its registry.
    func registryInspection(of request: ImageSpec.BuildRequest) async throws -> ImageSpec.Inspection {
        let file = try RegistryConfiguration.file(of: request.spec, in: request.context)
        let platform = request.spec.platforms(in: request.context).first ?? ""
        let inspection = await registry.inspect(request.imageName, platform, file)
        try Task.checkCancellation()
        return inspection
    }

    /// Looks for an image in the engine that it would be loaded into. Without an engine, it is absent.
    func engineInspection(of request: ImageSpec.BuildRequest) async throws -> ImageSpec.Inspection {
        guard let engine = try? await finder.find(nil) else {
            try Task.checkCancellation()
            return ImageSpec.Inspection(.absent)
        }
        return try await LocalImages(engine: engine, finder: finder).inspect(request.imageName)
    }
}
