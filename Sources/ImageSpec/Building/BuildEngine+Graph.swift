// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.BuildEngine {
    /// How many images are built at once where nobody says so: as many as there are processors, at most 4. Builds share
    /// the disk and the network too.
    public static var defaultJobs: Int { min(4, Processors.count) }

    /// Has the images of a graph built, each once and after its base, several at once.
    ///
    /// A failure stops the images above it alone, and all others are built. Nothing is built where something is wrong that
    /// can be found before. Cancelling the task cancels the builds that run and waits for their end; what was built
    /// before stays built, and its result is returned.
    /// - Parameters:
    ///   - graph: the images. Those that only known images are based on are not asked for.
    ///   - jobs: how many are built at once; less than 1 is 1.
    /// - Returns: for each spec of the graph, in their order, what became of it: a result, or what its builder threw; where
    ///   a base was not built, ``ImageSpecError`` with the code ``ImageSpecError/Code/baseNotBuilt``; `CancellationError`
    ///   where it was cancelled.
    /// - Throws: before anything is built, ``ImageSpecError/Code/builderNotRegistered`` and what ``ImageSpec/Builder/check(_:)``
    ///   of a builder throws, of the first image with such a problem; `CancellationError`.
    public func results(
        of graph: ImageSpec.BuildGraph, jobs: Int = defaultJobs
    ) async throws -> [Result<ImageSpec.BuildResult, any Error>] {
        let prepared = try await prepare(graph)
        if let problem = prepared.problems.first { throw problem.error }
        let results = await results(of: prepared, jobs: jobs)
        return graph.requested.map { results[$0] ?? .failure(CancellationError()) }
    }

    /// The images of a graph, checked.
    package struct PreparedGraph: Sendable {
        package let graph: ImageSpec.BuildGraph
        /// By their nodes; nil for those that are not needed.
        fileprivate var images: [PreparedImage?]
        /// What keeps images from being built, in the order of the nodes.
        package fileprivate(set) var problems: [(node: Int, error: any Error)] = []
    }

    /// Lets the builders of all images find what will keep them from being built. Builds nothing.
    /// - Throws: `CancellationError`.
    @concurrent
    package func prepare(_ graph: ImageSpec.BuildGraph) async throws -> PreparedGraph {
        var prepared = PreparedGraph(graph: graph, images: graph.nodes.map { _ in nil })
        var isNeeded = graph.nodes.map { _ in false }
        for node in graph.requested { isNeeded[node] = true }
        // Bases are before what is built on them.
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

    /// Has the images of a graph built that was prepared by this engine and has no problems.
    /// - Returns: by its nodes; nil for those that are not needed.
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

    /// Which images can be built next, and what became of the others.
    private struct Schedule {
        private let graph: ImageSpec.BuildGraph
        private var images: [PreparedImage?]
        private var children: [Int: [Int]] = [:]
        /// Images whose base is there, in the order of the nodes.
        private var ready: [Int] = []
        /// How many of these were begun.
        private var begun = 0
        private var finished: [Int: Result<ImageSpec.BuildResult, any Error>] = [:]

        init(_ prepared: PreparedGraph) {
            graph = prepared.graph
            images = prepared.images
            for (number, image) in images.enumerated() where image != nil {
                // A base that is not needed is that of an image which is known.
                if let base = graph.nodes[number].base, images[base] != nil {
                    children[base, default: []].append(number)
                } else {
                    ready.append(number)
                }
            }
        }

        /// Cancelled are those that were not begun.
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

        /// Lets the images above follow, or returns those that cannot be built any more.
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
                return error is CancellationError ? [] : giveUp(above: number)
            }
        }

        /// Each before what is built on it.
        private mutating func giveUp(above failed: Int) -> [Int] {
            var given: [Int] = []
            var waiting = Array((children[failed] ?? []).reversed())
            while let number = waiting.popLast() {
                finished[number] = .failure(
                    ImageSpecError.baseNotBuilt(
                        graph.nodes[number].imageName, base: graph.nodes[failed].imageName))
                given.append(number)
                waiting += (children[number] ?? []).reversed()
            }
            return given
        }
    }
}
