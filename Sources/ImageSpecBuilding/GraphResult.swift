// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// What became of one spec of a ``BuildGraph``: its image, or what failed.
    public struct GraphResult: Sendable {
        /// A failed build.
        public struct Failure: Sendable {
            /// The spec that failed: that of the result, or one of its base specs.
            public let spec: ImageSpec
            /// The requested name of the image that failed.
            public let imageName: String
            /// The error of its builder; `CancellationError` if the build was cancelled.
            public let error: any Error
        }

        /// The spec, as it was added to the graph.
        public let spec: ImageSpec
        /// The requested name of its image. The builder may have used another one: see ``BuildResult/imageName``.
        public let imageName: String
        /// The result of the build, or its error. If a base image failed, the error has the code
        /// ``ImageSpecError/Code/baseNotBuilt``, and the error of the base image as its underlying error.
        public let result: Result<BuildResult, any Error>
        /// What failed, for example a base image, and why. `nil` if the image exists.
        public let failure: Failure?

        /// Returns the result of the build.
        /// - Throws: the error in ``result``.
        public func get() throws -> BuildResult { try result.get() }
    }
}

extension ImageSpec.GraphResult: CustomStringConvertible {
    /// The description of the ``BuildResult``, or what failed and why.
    public var description: String {
        switch (result, failure) {
        case (.success(let result), _): result.description
        case (_, let failure?) where failure.imageName != imageName:
            "\(imageName): not built: the build of its base image \(failure.imageName) failed: \("\(failure.error)".withoutSubject(failure.imageName))"
        case (.failure(let error), _): "\(imageName): failed: \("\(error)".withoutSubject(imageName))"
        }
    }
}

extension ImageSpec.GraphResult {
    /// The result of a node of a graph, whose results are known by node. What has no result was cancelled.
    init(
        _ node: Int, of graph: ImageSpec.BuildGraph,
        _ results: [Result<ImageSpec.BuildResult, any Error>?]
    ) {
        spec = graph.nodes[node].spec
        imageName = graph.nodes[node].imageName
        result = results[node] ?? .failure(CancellationError())
        guard case .failure(var error) = result else {
            failure = nil
            return
        }
        // The lowest base that failed is the one that failed by itself.
        var failed = node
        while let base = graph.nodes[failed].base, case .failure(let cause)? = results[base] {
            failed = base
            error = cause
        }
        failure = Failure(
            spec: graph.nodes[failed].spec, imageName: graph.nodes[failed].imageName, error: error)
    }
}
