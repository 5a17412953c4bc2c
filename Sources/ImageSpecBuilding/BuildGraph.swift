// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// The images of several specs and their base images, each once.
    ///
    /// Specs with the same name and the same builder are one node, for example a base that several specs share. Its files
    /// are read once.
    ///
    /// ```swift
    /// let graph = try ImageSpec.BuildGraph([trainer, server])
    /// print(graph.mermaid)
    /// for result in try await engine.results(of: graph) { print(result) }
    /// ```
    public struct BuildGraph: Sendable {
        /// One image.
        public struct Node: Sendable {
            /// The requested image name.
            public let imageName: String
            /// The spec. A base without a platform has the platform of the spec above it. If one of several equal specs is
            /// forced, this is the forced one.
            public internal(set) var spec: ImageSpec
            /// The context of relative paths in the spec.
            public let context: Context
            /// The name of the builder. If `nil`, the engine chooses the builder.
            public let builder: String?
            /// The node of the base image, which precedes this one. `nil` if the base is not a spec.
            public let base: Int?
            /// The files of the spec as they were read for its name.
            let contents: ResolvedInputs
        }

        /// The relation of an image to its base image, as indices of ``nodes``.
        public struct Edge: Hashable, Sendable {
            /// The base image.
            public var base: Int
            /// The image built on it.
            public var child: Int

            /// Creates an edge.
            public init(base: Int, child: Int) {
                self.base = base
                self.child = child
            }
        }

        /// What is one image: a builder makes of a spec what it will.
        private struct Key: Hashable {
            var imageName: String
            var builder: ByteString
        }

        /// What the contents of a spec depend on. However many specs are below it, it is compared in the same time.
        private struct Source: Hashable {
            /// The fields, but for a base that is a spec; with the platform, which the one above may decide.
            let spec: ImageSpec
            /// The base that is a spec, by its number in ``readings``.
            let base: Int?
            /// By its number in ``places``.
            let place: Int

            init(_ spec: ImageSpec, platform: String, base: Int?, place: Int) {
                var own = spec
                own.platform = platform
                own.builder = nil
                own.isForcePush = false
                if base != nil { own.baseImage = nil }
                self.spec = own
                self.base = base
                self.place = place
            }
        }

        /// Of a context, what the contents of specs with a platform depend on.
        private struct Place: Hashable {
            let folder: ByteString
            let loadedModules: [ByteString]?

            init(_ context: Context) {
                folder = ByteString(context.folder)
                loadedModules = context.loadedModules?.map(ByteString.init)
            }
        }

        /// A spec that was read.
        private struct Reading {
            var contents: ResolvedInputs
            var identity: ContentIdentity
        }

        /// A spec that was named, and that may have a node.
        private struct Image {
            var spec: ImageSpec
            var key: Key
            var contents: ResolvedInputs
        }

        /// The images in the order of the specs, each after its base image.
        public private(set) var nodes: [Node] = []
        /// The node of each added spec, in order. Equal specs have the same node.
        public private(set) var requested: [Int] = []
        /// The builder of specs without one. If `nil`, the engine chooses the builder.
        public let defaultBuilder: String?
        private var numbers: [Key: Int] = [:]
        private var readings: [Reading] = []
        private var readingNumbers: [Source: Int] = [:]
        private var places: [Place: Int] = [:]

        /// Creates an empty graph.
        /// - Parameter defaultBuilder: the name of the builder of specs without one, which makes them the same image as equal specs
        ///   with that builder. If `nil`, the engine chooses the builder, and they are separate images.
        public init(defaultBuilder: String? = nil) {
            self.defaultBuilder = defaultBuilder.nonEmpty
        }

        /// Creates the graph of several specs in one context.
        ///
        /// Reads all files, as ``ImageSpec/imageName(in:)`` does.
        /// - Parameters:
        ///   - specs: the specs.
        ///   - context: the context of their paths.
        ///   - defaultBuilder: the builder of specs without one; see ``init(defaultBuilder:)``.
        /// - Throws: the errors of ``ImageSpec/imageName(in:)``, those of all specs in one. If there are several specs, each problem
        ///   begins with the name of its spec.
        public init(
            _ specs: some Sequence<ImageSpec>, in context: Context = .current,
            defaultBuilder: String? = nil
        ) throws(ImageSpecError) {
            self.init(defaultBuilder: defaultBuilder)
            let specs = Array(specs)
            var problems: [ImageSpecError] = []
            for (index, spec) in specs.enumerated() {
                do throws(ImageSpecError) {
                    try add(spec, in: context)
                } catch {
                    let name = spec.name ?? "specs[\(index)]"
                    problems.append(
                        specs.count == 1 ? error : error.inside(ImageSpecError.Location(subject: name)))
                }
            }
            if let error = ImageSpecError(problems: problems) { throw error }
        }

        /// Adds a spec and its base images if they are not in the graph yet. If it throws, the graph is unchanged.
        ///
        /// Reads all files, as ``ImageSpec/imageName(in:)`` does, except those of specs that this graph has already read. A
        /// build engine does not read them again before it copies them.
        /// - Returns: the index of its node.
        /// - Throws: the errors of ``ImageSpec/imageName(in:)``.
        @discardableResult
        public mutating func add(
            _ spec: ImageSpec, in context: Context = .current
        ) throws(ImageSpecError) -> Int {
            let images = try images(of: spec, in: context)
            // What an image that is there is based on is there too.
            let known = images.lastIndex { numbers[$0.key] != nil } ?? -1
            var number = 0
            for (index, image) in images.enumerated() {
                if let node = numbers[image.key] {
                    number = node
                    // Forced if any of the specs that share it is.
                    if image.spec.isForcePush, !nodes[node].spec.isForcePush {
                        nodes[node].spec = nodes[node].spec.forcePush()
                    }
                } else if index > known {
                    let base = index > 0 ? number : nil
                    number = nodes.count
                    numbers[image.key] = number
                    nodes.append(
                        Node(
                            imageName: image.key.imageName, spec: image.spec, context: context,
                            builder: image.spec.builder.nonEmpty ?? defaultBuilder, base: base,
                            contents: image.contents))
                }
            }
            requested.append(number)
            return number
        }

        /// The edges to base images, in the order of the images.
        public var edges: [Edge] {
            nodes.indices.compactMap { child in nodes[child].base.map { Edge(base: $0, child: child) } }
        }

        /// A spec and those that it is based on, the lowest first: each is named once, and what was read is not read again.
        private mutating func images(
            of spec: ImageSpec, in context: Context
        ) throws(ImageSpecError) -> [Image] {
            try spec.checkBaseCount()
            var levels: [(spec: ImageSpec, declared: ResolvedInputs.Declared)] = []
            var next: ImageSpec? = spec
            while let current = next {
                do throws(ImageSpecError) {
                    // A wrong format is found before any file is read.
                    _ = try current.parsedTagFormat()
                    levels.append((current, try ResolvedInputs.Declared(current, in: context)))
                } catch {
                    throw error.inBaseImage(levels: levels.count)
                }
                next = current.baseSpec(in: context)
            }
            let readingContext = spec.namesFiles ? context.withoutCacheAmongSources(of: spec) : context
            let place = places[Place(context), default: places.count]
            places[Place(context)] = place
            var images: [Image] = []
            var base: Int?
            for (level, (spec, declared)) in levels.enumerated().reversed() {
                let number: Int
                do throws(ImageSpecError) {
                    number = try reading(of: spec, declared, base: base, in: readingContext, place)
                } catch {
                    throw error.inBaseImage(levels: level)
                }
                let name = try Identity(spec: spec, readings[number].identity).imageName()
                let builder = spec.builder.nonEmpty ?? defaultBuilder ?? ""
                images.append(
                    Image(
                        spec: spec, key: Key(imageName: name, builder: ByteString(builder)),
                        contents: readings[number].contents))
                base = number
            }
            return images
        }

        /// The number of the reading of a spec whose base was read.
        private mutating func reading(
            of spec: ImageSpec, _ declared: ResolvedInputs.Declared, base: Int?, in context: Context,
            _ place: Int
        ) throws(ImageSpecError) -> Int {
            let source = Source(spec, platform: declared.platform, base: base, place: place)
            if let number = readingNumbers[source] { return number }
            let contents = try ResolvedInputs.read(
                of: spec, declared, base: base.map { readings[$0].identity }, in: context,
                records: [.entries])
            readingNumbers[source] = readings.count
            readings.append(
                Reading(contents: contents, identity: ContentIdentity(spec: spec, contents: contents)))
            return readings.count - 1
        }
    }
}

extension ImageSpec.BuildGraph: CustomStringConvertible {
    /// A line for each image, such as `ghcr.io/acme/trainer:1.0 on ghcr.io/acme/base:1.0`.
    public var description: String {
        nodes.map { node in node.imageName + (node.base.map { " on " + nodes[$0].imageName } ?? "") }
            .joined(separator: "\n")
    }
}

extension ImageSpec.BuildGraph.Node: CustomStringConvertible {
    /// The image name.
    public var description: String { imageName }
}
