// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.BuildEngine {
    /// The default number of concurrent builds: the number of processors, at most 4, because builds also share the disk
    /// and the network.
    public static var defaultJobs: Int { min(4, Processors.count) }

    /// Builds the images of a graph concurrently, each once and after its base image.
    ///
    /// If an image fails, only the images based on it are not built. Nothing is built if a problem can be detected
    /// beforehand. Cancelling the task cancels running builds and waits for them to end; the results of completed builds
    /// are returned.
    /// - Parameters:
    ///   - graph: the images. Base images that only known images need are skipped.
    ///   - jobs: the maximum number of concurrent builds. Values below 1 mean 1.
    /// - Returns: for each spec of the graph, in order, its result or what failed.
    /// - Throws: before anything is built, one ``ImageSpecError`` with the problems of all images: the code
    ///   ``ImageSpecError/Code/builderNotRegistered``, or the errors of ``ImageSpec/Builder/check(_:)``. If the graph has several
    ///   images, each problem names its image. Other errors of a builder are thrown as they are; `CancellationError`.
    public func results(
        of graph: ImageSpec.BuildGraph, jobs: Int = defaultJobs
    ) async throws -> [ImageSpec.GraphResult] {
        let prepared = try await prepare(graph)
        try prepared.throwProblems()
        let results = await results(of: prepared, jobs: jobs)
        return graph.requested.map { ImageSpec.GraphResult($0, of: graph, results) }
    }

    /// The images of a graph, checked.
    package struct PreparedGraph: Sendable {
        package let graph: ImageSpec.BuildGraph
        /// By node; nil for images that are not needed.
        fileprivate var images: [PreparedImage?]
        /// Problems that prevent images from being built, in the order of the nodes.
        package fileprivate(set) var problems: [(node: Int, error: any Error)] = []

        /// Throws the problems as one error, which names their images.
        fileprivate func throwProblems() throws {
            let errors = try problems.map { node, error in
                guard let error = error as? ImageSpecError else { throw error }
                let name = graph.nodes[node].imageName
                let isNamed = error.problems.allSatisfy { $0.locations.first?.subject == name }
                return isNamed || graph.nodes.count == 1
                    ? error : error.inside(ImageSpecError.Location(subject: name))
            }
            if let error = ImageSpecError(problems: errors) { throw error }
        }
    }

    /// Checks all images with their builders. Builds nothing.
    /// - Throws: `CancellationError`.
    @concurrent
    package func prepare(_ graph: ImageSpec.BuildGraph) async throws -> PreparedGraph {
        var prepared = PreparedGraph(graph: graph, images: graph.nodes.map { _ in nil })
        var isNeeded = graph.nodes.map { _ in false }
        for node in graph.requested { isNeeded[node] = true }
        // Base images precede the images built on them.
        for number in graph.nodes.indices.reversed() where isNeeded[number] {
            let node = graph.nodes[number]
            let request = request(for: node)
            if policy.isInsideExecution {
                prepared.images[number] = PreparedImage(request: request)
                continue
            }
            do throws(ImageSpecError) {
                let registration = try registration(named: node.builder)
                prepared.images[number] = PreparedImage(request: request, registration: registration)
                if isKnown(node, by: registration) { continue }
            } catch {
                prepared.problems.insert((number, error), at: 0)
            }
            if let base = node.base { isNeeded[base] = true }
        }
        for (number, image) in prepared.images.enumerated() {
            guard let image, let registration = image.registration,
                !isKnown(graph.nodes[number], by: registration)
            else { continue }
            var request = image.request
            request.baseImageName = graph.nodes[number].base.map { graph.nodes[$0].imageName }
            do {
                try await registration.builder.check(request)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                prepared.problems.append((number, error))
            }
            try Task.checkCancellation()
        }
        prepared.problems.sort { $0.node < $1.node }
        return prepared
    }

    /// Builds the images of a graph that was prepared by this engine and has no problems.
    /// - Returns: the results by node; nil for images that are not needed.
    package func results(
        of prepared: PreparedGraph, jobs: Int
    ) async -> [Result<ImageSpec.BuildResult, any Error>?] {
        let graph = prepared.graph
        var schedule = Schedule(prepared)
        await withTaskGroup(of: (Int, Result<ImageSpec.BuildResult, any Error>).self) { group in
            var running = 0
            while true {
                while running < max(jobs, 1), !Task.isCancelled, let (node, image) = schedule.next() {
                    group.addTask { (node, await self.outcome(of: image)) }
                    running += 1
                }
                guard let (node, result) = await group.next() else { break }
                running -= 1
                for above in schedule.finish(node, result) {
                    report(
                        .notBuilt(
                            imageName: graph.nodes[above].imageName, base: graph.nodes[node].imageName))
                }
            }
        }
        return schedule.results
    }

    private func outcome(of image: PreparedImage) async -> Result<ImageSpec.BuildResult, any Error> {
        do {
            return .success(try await result(of: image))
        } catch {
            return .failure(error)
        }
    }

    /// The images that can be built next, and the results of the others.
    private struct Schedule {
        private let graph: ImageSpec.BuildGraph
        private var images: [PreparedImage?]
        private var children: [Int: [Int]] = [:]
        /// Images whose base exists, in the order of the nodes.
        private var ready: [Int] = []
        /// The number of these that were started.
        private var begun = 0
        private var finished: [Int: Result<ImageSpec.BuildResult, any Error>] = [:]

        init(_ prepared: PreparedGraph) {
            graph = prepared.graph
            images = prepared.images
            for (number, image) in images.enumerated() where image != nil {
                // If the base is not needed, the image is known.
                if let base = graph.nodes[number].base, images[base] != nil {
                    children[base, default: []].append(number)
                } else {
                    ready.append(number)
                }
            }
        }

        /// Images that were not started are cancelled.
        var results: [Result<ImageSpec.BuildResult, any Error>?] {
            images.indices.map { number in
                images[number].map { _ in finished[number] ?? .failure(CancellationError()) }
            }
        }

        mutating func next() -> (node: Int, image: PreparedImage)? {
            guard begun < ready.count, let image = images[ready[begun]] else { return nil }
            begun += 1
            return (ready[begun - 1], image)
        }

        /// Records a result. Returns the images that can no longer be built.
        mutating func finish(_ number: Int, _ result: Result<ImageSpec.BuildResult, any Error>) -> [Int] {
            finished[number] = result
            switch result {
            case .success(let built):
                let children = children[number] ?? []
                if children.isEmpty { return [] }
                for child in children { images[child]?.request.baseImageName = built.imageName }
                ready = (ready[begun...] + children).sorted()
                begun = 0
                return []
            case .failure(let error):
                return error is CancellationError ? [] : giveUp(above: number, because: error)
            }
        }

        /// The images above a failed one, each before the images built on it.
        private mutating func giveUp(above failed: Int, because error: any Error) -> [Int] {
            var given: [Int] = []
            var waiting = Array((children[failed] ?? []).reversed())
            while let number = waiting.popLast() {
                finished[number] = .failure(
                    ImageSpecError.baseNotBuilt(
                        graph.nodes[number].imageName, base: graph.nodes[failed].imageName, underlying: error)
                )
                given.append(number)
                waiting += (children[number] ?? []).reversed()
            }
            return given
        }
    }
}
