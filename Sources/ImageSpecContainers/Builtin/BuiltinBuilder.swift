// SPDX-License-Identifier: Apache-2.0

public import ImageSpec
public import ImageSpecBuilding
internal import ImageSpecLayers

extension ImageSpec {
    /// Makes images without a container engine, and pushes those of specs that have a registry.
    ///
    /// The layers are made on this machine: the user, a Python environment with the packages, and the copied files. No program
    /// of the image runs, so neither a daemon nor root is needed, and images for other platforms are made in the same way. The
    /// image is the one that the rendered Dockerfile results in, except for byte code and times.
    ///
    /// Requires a registry that has the base image, and [uv](https://docs.astral.sh/uv/) if packages are installed. Fields that need
    /// a program in the image (`apt_packages`, `commands`, the conda fields, a `poetry.lock`) are rejected before anything is
    /// downloaded. <doc:BuildingWithoutADaemon> has the details.
    ///
    /// ```swift
    /// let builder = ImageSpec.BuiltinBuilder(output: .archive("trainer.tar"), of: try spec.imageName())
    /// print(try await builder.build(spec).digest ?? "")
    /// ```
    ///
    /// Without a registry and an output, the image is loaded into docker, podman or buildah.
    public struct BuiltinBuilder: Builder {
        /// A place for an image that is neither a registry nor an engine.
        public enum Output: Hashable, Sendable {
            /// A tar file, which is both an OCI layout and an archive for `docker load`.
            case archive(String)
            /// A directory in the layout of the OCI. Other images in it are kept.
            case layout(String)
        }

        private let output: Output?
        private let outputImageName: String?
        private let dependencies: BuiltinDependencies
        private let kept = KeptImages()
        private let found = FoundImages()

        /// Creates a builder that pushes images to their registries, or loads them into an engine.
        public init() { self.init(output: nil, of: nil, dependencies: .system) }

        /// Creates a builder that writes one image to a file or directory.
        ///
        /// Other images, on which that one may be based, are neither pushed nor loaded.
        /// - Parameters:
        ///   - output: the file or directory.
        ///   - imageName: the requested name of the image.
        public init(output: Output, of imageName: String) {
            self.init(output: output, of: imageName, dependencies: .system)
        }

        init(output: Output?, of imageName: String?, dependencies: BuiltinDependencies) {
            self.output = output
            outputImageName = imageName
            self.dependencies = dependencies
        }

        /// Returns an existing image, or makes and pushes it. An image with an output is made in any case.
        /// - Throws: ``ImageSpecError``, `CancellationError`.
        public func build(_ request: BuildRequest) async throws -> BuildResult {
            try await request.ensureImage(
                inspect: {
                    if let inspection = takeFound(request) { return inspection }
                    return try await inspect(request)
                },
                build: { try await make(request) })
        }

        /// Checks that the image can be made without an engine: fields, builder options, files of secrets.
        @concurrent
        public func check(_ request: BuildRequest) async throws {
            let options = try RequestCheck(request, .builtin).validate()
            let problems = BuiltinCheck(spec: request.spec, options: options, in: request.context).problems
            if let error = ImageSpecError(problems: problems) { throw error }
            _ = try request.namedSetup()
            let secrets =
                request.spec.hasPythonPackages ? request.spec.ownSecretProblems(in: request.context) : []
            guard let error = ImageSpecError(problems: secrets) else { return }
            // An image that exists needs none.
            if !request.isForcePush {
                let inspection = try await inspect(request)
                if try request.policy.decision(for: request.imageName, inspection.existence) != .build {
                    return found.add(inspection, for: request)
                }
            }
            throw error
        }

        private var destination: (BuildRequest) -> BuiltinJob.Destination {
            { request in
                guard let output else { return request.isPushed ? .registry : .engine }
                return request.imageName == outputImageName ? .output(output) : .memory
            }
        }

        /// An image that was found when it was checked.
        func takeFound(_ request: BuildRequest) -> Inspection? { found.take(request) }

        func inspect(_ request: BuildRequest) async throws -> Inspection {
            switch destination(request) {
            case .registry: return try await dependencies.registryInspection(of: request)
            case .engine: return try await dependencies.engineInspection(of: request)
            case .output, .memory: return Inspection(.absent)
            }
        }

        /// Makes an image, whether it exists or not.
        @concurrent
        func make(_ request: BuildRequest) async throws -> BuildResult {
            let scratch = try KeptImages.Scratch()
            // Layers that are in no cache are needed by images that are based on this one.
            var isNeeded = false
            defer { if !isNeeded { scratch.remove() } }
            let job = try BuiltinJob(
                request, to: destination(request), kept: kept, scratch: scratch, dependencies: dependencies)
            let result = try await job.build()
            isNeeded = job.keepsFiles
            return result
        }
    }
}
