// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// Writes a Dockerfile and the files that it copies, without building them. The result can be reviewed, committed or
    /// built with any tool that builds Dockerfiles.
    ///
    /// The Dockerfile refers to a base image that is a spec by name. That image must be built first, from its own context.
    public struct DockerfileBuilder: Builder {
        /// The directory of the build context; see ``BuildContext/write(to:)``.
        public let directory: String

        /// Creates a builder that writes to a directory. It must be empty or not exist; its parent must exist.
        public init(directory: String) { self.directory = directory }

        /// Writes the build context, whether or not the image exists. Blocks the thread.
        @concurrent
        public func build(_ request: BuildRequest) async throws -> BuildResult {
            try request.buildContext().write(to: directory)
            return BuildResult(imageName: request.imageName, outcome: .built)
        }

        /// Renders the spec.
        @concurrent
        public func check(_ request: BuildRequest) async throws { _ = try request.buildContext() }
    }
}
