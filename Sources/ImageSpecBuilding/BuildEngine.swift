// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec
import Synchronization

extension ImageSpec {
    /// Builds images, each of them once.
    ///
    /// An engine holds registered builders, builds base images first, and remembers the actual name of each image. There
    /// is no shared engine: a program creates its own.
    ///
    /// ```swift
    /// let engine = ImageSpec.BuildEngine()
    /// engine.register("mine", Mine(), priority: 10)
    /// print(try await engine.build(spec))
    /// ```
    ///
    /// A new engine has only the builder `noop`, which specs have to name. With `ImageSpecContainers`, `BuildEngine.containers()`
    /// also has `default`, which builds all others.
    ///
    /// Source: flytekit `ImageBuildEngine`.
    public final class BuildEngine: Sendable {
        struct Registration: Sendable {
            /// Unique, so that the results of a builder are not attributed to another builder of the same name.
            var number: Int
            var name: String
            var builder: any Builder
            var priority: Int
            /// Whether it builds specs that name no builder.
            var isForAnySpec = true
        }

        private struct State {
            var builders: [Registration] = []
            var registrationCount = 0
            var results: [Image: BuildResult] = [:]
        }

        /// Builders may build different images of a spec under the same name.
        private struct Image: Hashable {
            var name: String
            /// The number of its registration.
            var builder: Int
        }

        private struct FlightKey: Hashable {
            var image: Image
            var isForcePush: Bool
        }

        /// Determines when images are built and whether they are pushed.
        public let policy: BuildPolicy
        /// Receives build events.
        let report: @Sendable (BuildEvent) -> Void
        private let state = Mutex(State())
        private let flights = SingleFlight<FlightKey, BuildResult>()

        /// Creates an engine with the builder `noop`, which builds nothing and is used only for specs with `builder: "noop"`. To
        /// use it for all, register it: `engine.register("noop", .noop)`.
        /// - Parameters:
        ///   - policy: defaults to the policy in the environment of this process.
        ///   - report: receives build events, on any thread. `{ $0.printToStandardError() }` prints them.
        public init(
            policy: BuildPolicy = .current, report: @escaping @Sendable (BuildEvent) -> Void = { _ in }
        ) {
            self.policy = policy
            self.report = report
            state.withLock { state in
                state.builders = [
                    Registration(number: 0, name: "noop", builder: .noop, priority: 0, isForAnySpec: false)
                ]
            }
        }

        // MARK: builders

        /// Registers a builder. Replaces a builder of the same name, whose results are forgotten.
        ///
        /// A spec without a builder is built by the builder with the highest priority, or, if several have it, by the one
        /// that was registered first. In this package, `default` has priority 1.
        public func register(_ name: String, _ builder: some Builder, priority: Int = 5) {
            state.withLock { state in
                state.registrationCount += 1
                let registration = Registration(
                    number: state.registrationCount, name: name, builder: builder, priority: priority)
                if let index = state.builders.firstIndex(where: { $0.name.hasSameBytes(as: name) }) {
                    let replaced = state.builders[index].number
                    state.results = state.results.filter { $0.key.builder != replaced }
                    state.builders[index] = registration
                } else {
                    state.builders.append(registration)
                }
            }
        }

        /// The names of the registered builders, in order of registration.
        public var builderNames: [String] { state.withLock { $0.builders.map(\.name) } }

        /// The builder with this name. If `nil`, the builder of specs without one.
        func registration(named name: String?) throws(ImageSpecError) -> Registration {
            guard let name = name.nonEmpty else {
                guard let registration = defaultRegistration else { throw .noDefaultBuilder }
                return registration
            }
            let builders = state.withLock { $0.builders }
            guard let found = builders.first(where: { $0.name.hasSameBytes(as: name) }) else {
                throw .builderNotRegistered(name, known: builders.map(\.name))
            }
            return found
        }

        /// The builder of specs that name none.
        private var defaultRegistration: Registration? {
            let builders = state.withLock { $0.builders }.filter(\.isForAnySpec)
            let highest = builders.map(\.priority).max()
            return builders.first { $0.priority == highest }
        }

        // MARK: building

        /// Builds the image of a spec if it does not exist, and returns its actual name.
        ///
        /// Base images that are specs are built first, at any depth. A base without a platform uses the platform of the
        /// spec above it. Concurrent calls for one image share a build. An image that this engine has built or found is
        /// not queried again. Failed builds can be retried. ``ImageSpec/forcePush()`` builds at each call.
        ///
        /// Inside an execution, only computes the name and calls no builder.
        ///
        /// Cancelling the task cancels the build, unless other callers are waiting for it.
        /// - Parameters:
        ///   - spec: the spec.
        ///   - context: the context of its relative paths. Defaults to that of this process.
        /// - Returns: the actual name of the image.
        /// - Throws: ``ImageSpecError``; the errors of registered builders; `CancellationError`.
        @discardableResult
        public func build(_ spec: ImageSpec, in context: Context = .current) async throws -> String {
            try await result(of: spec, in: context).imageName
        }

        /// Builds the image like ``build(_:in:)``, and returns the outcome as well.
        public func result(of spec: ImageSpec, in context: Context = .current) async throws -> BuildResult {
            try await result(of: prepare(spec, in: context))
        }

        /// The image of a spec and its base images, named and checked.
        package struct PreparedImage: Sendable {
            var request: BuildRequest
            /// `nil` inside an execution, which calls no builder.
            var registration: Registration?
            /// The base that is a spec, if it is built with this image.
            @Indirect var base: PreparedImage?
        }

        /// Names an image and its base images, and checks them with their builders.
        ///
        /// Reads all files, each once. The result holds their paths and digests, so that no file is read again before it
        /// is copied.
        /// - Throws: the errors of ``build(_:in:)`` that can be detected before anything is built.
        @concurrent
        package func prepare(_ spec: ImageSpec, in context: Context = .current) async throws -> PreparedImage
        {
            var graph = BuildGraph()
            let number = try graph.add(spec, in: context)
            try Task.checkCancellation()
            var image = PreparedImage(request: request(for: graph.nodes[number]))
            if policy.isInsideExecution { return image }
            var needed: [(node: BuildGraph.Node, registration: Registration)] = []
            for node in graph.nodes.reversed() {
                let registration = try registration(named: node.builder)
                needed.append((node, registration))
                if isKnown(node, by: registration) { break }
            }
            for (index, (node, registration)) in needed.reversed().enumerated() {
                var prepared = PreparedImage(request: request(for: node), registration: registration)
                if index > 0 {
                    prepared.request.baseImageName = image.request.imageName
                    prepared.base = image
                }
                if !isKnown(node, by: registration) {
                    try await registration.builder.check(prepared.request)
                }
                image = prepared
            }
            return image
        }

        /// The request for an image of a graph.
        func request(for node: BuildGraph.Node) -> BuildRequest {
            let imageName = node.imageName
            return BuildRequest(
                spec: node.spec, imageName: imageName, inputs: node.contents, context: node.context,
                policy: policy, report: { [report] event in report(event.about(imageName)) })
        }

        /// Builds an image that was prepared by this engine; see ``result(of:in:)``.
        package func result(of prepared: PreparedImage) async throws -> BuildResult {
            let imageName = prepared.request.imageName
            guard let registration = prepared.registration else {
                let result = BuildResult(imageName: imageName, outcome: .skipped)
                report(.finished(imageName: imageName, result: result))
                return result
            }
            let image = Image(name: imageName, builder: registration.number)
            let isForcePush = prepared.request.spec.isForcePush
            let forced = FlightKey(image: image, isForcePush: true)
            return try await flights.value(
                for: FlightKey(image: image, isForcePush: isForcePush), joining: isForcePush ? nil : forced
            ) {
                if !isForcePush, let known = self.known(image) { return known }
                let result = try await self.provide(prepared, by: registration.builder)
                self.state.withLock { $0.results[image] = result }
                self.report(.finished(imageName: imageName, result: result))
                return result
            }
        }

        private func provide(
            _ prepared: PreparedImage, by builder: any Builder
        ) async throws -> BuildResult {
            var request = prepared.request
            if let base = prepared.base { request.baseImageName = try await result(of: base).imageName }
            try Task.checkCancellation()
            let clock = ContinuousClock()
            let start = clock.now
            do {
                var result = try await builder.build(request)
                result.duration = clock.now - start
                return result
            } catch {
                if !(error is CancellationError) {
                    report(.failed(imageName: request.imageName, reason: "\(error)"))
                }
                throw (error as? ImageSpecError)?.ofFailedImage(request.imageName) ?? error
            }
        }

        // MARK: names

        private func known(_ image: Image) -> BuildResult? {
            state.withLock { $0.results[image] }
        }

        /// Whether an image of a graph has been built or found, and is not forced.
        func isKnown(_ node: BuildGraph.Node, by registration: Registration) -> Bool {
            !node.spec.isForcePush
                && known(Image(name: node.imageName, builder: registration.number)) != nil
        }

        /// Returns the actual name of the image of a spec if this engine has built or found it; otherwise
        /// ``ImageSpec/imageName(in:)``.
        /// - Throws: the errors of ``ImageSpec/imageName(in:)``; ``ImageSpecError/Code/builderNotRegistered`` for a spec that names
        ///   another builder.
        public func imageName(
            for spec: ImageSpec, in context: Context = .current
        ) throws(ImageSpecError) -> String {
            let name = try spec.imageName(in: context)
            // Without a builder, nothing has been built.
            guard spec.builder.nonEmpty != nil || defaultRegistration != nil else { return name }
            return known(Image(name: name, builder: try registration(named: spec.builder).number))?.imageName
                ?? name
        }

        /// Returns the image of a task: from the config if present, otherwise built.
        ///
        /// For an image that is given as text, a reference or a template, see ``ImageConfig/resolve(_:)``.
        ///
        /// Source: flytekit `get_registerable_container_image`.
        /// - Parameters:
        ///   - spec: the spec of the task. `nil` if it has none.
        ///   - config: the known images.
        ///   - context: the context of relative paths. Defaults to that of this process.
        /// - Returns: the name of the image.
        /// - Throws: ``ImageSpecError/Code/missingInput`` if `spec` is `nil` and the config has no default image; the errors of
        ///   ``build(_:in:)``.
        public func resolve(
            _ spec: ImageSpec?, in config: ImageConfig, context: Context = .current
        ) async throws -> String {
            if let name = config.imageName(for: spec) { return name }
            guard let spec else { throw ImageSpecError.noDefaultImage }
            return try await build(spec, in: context)
        }
    }
}
