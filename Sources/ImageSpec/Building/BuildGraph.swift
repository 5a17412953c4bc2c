// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// The images of several specs and those that they are based on, each once.
    ///
    /// A base that several specs share, or that is given as well, is one node: it is the same image, since it has the same
    /// name and the same builder.
    ///
    /// ```swift
    /// let graph = try ImageSpec.BuildGraph([trainer, server])
    /// print(graph.mermaid)
    /// for result in try await ImageSpec.BuildEngine().results(of: graph) { print(result) }
    /// ```
    public struct BuildGraph: Sendable {
        /// One image.
        public struct Node: Sendable {
            /// The name that the image is to have.
            public let imageName: String
            /// The spec; a base without a platform has that of the spec above it. Where one of several equal ones is forced,
            /// it is that one.
            public internal(set) var spec: ImageSpec
            /// Where relative paths of the spec count from.
            public let context: HashContext
            /// The node of the base image, which is before this one; nil where the base is no spec.
            public let base: Int?
            /// The files of the spec as they were read for its name.
            let contents: SpecContents
        }

        /// That an image is based on another one; both by their numbers in ``nodes``.
        public struct Edge: Hashable, Sendable {
            /// The image below.
            public var base: Int
            /// The image that is built on it.
            public var child: Int

            /// An edge.
            public init(base: Int, child: Int) {
                self.base = base
                self.child = child
            }
        }

        /// What is one image: a builder makes of a spec what it will.
        private struct Key: Hashable {
            var imageName: String
            var builder: String
        }

        /// The images, in the order of the specs, each after its base.
        public private(set) var nodes: [Node] = []
        /// The node of each spec that was added, in their order. Equal specs have the same.
        public private(set) var requested: [Int] = []
        private var numbers: [Key: Int] = [:]

        /// A graph without images.
        public init() {}

        /// The graph of some specs whose paths count from one folder.
        ///
        /// Reads all files, as ``ImageSpec/imageName(in:)`` does.
        /// - Throws: the errors of ``ImageSpec/imageName(in:)``.
        public init(
            _ specs: some Sequence<ImageSpec>, in context: HashContext = .current
        ) throws(ImageSpecError) {
            for spec in specs { try add(spec, in: context) }
        }

        /// Adds a spec and those that it is based on, where they are not there yet. After an error the graph is as before.
        ///
        /// Reads all files, as ``ImageSpec/imageName(in:)`` does. A build engine does not read them again before it copies
        /// them.
        /// - Returns: the number of its node.
        /// - Throws: the errors of ``ImageSpec/imageName(in:)``.
        @discardableResult
        public mutating func add(
            _ spec: ImageSpec, in context: HashContext = .current
        ) throws(ImageSpecError) -> Int {
            var extended = self
            let number = try extended.node(of: spec, in: context)
            extended.requested.append(number)
            self = extended
            return number
        }

        /// What each image that has a base is built on, in the order of the images.
        public var edges: [Edge] {
            nodes.indices.compactMap { child in nodes[child].base.map { Edge(base: $0, child: child) } }
        }

        private mutating func node(of spec: ImageSpec, in context: HashContext) throws(ImageSpecError) -> Int
        {
            let (identity, contents) = try spec.identityAndContents(in: context)
            let key = Key(imageName: try identity.imageName(), builder: spec.builder ?? "")
            if let number = known(key, spec) { return number }
            var base: Int?
            if let baseSpec = spec.baseSpec(in: context) {
                // The base was read for the name of this one, which is enough to see that it is there.
                let name = try contents.base.map { content throws(ImageSpecError) in
                    try Identity(spec: baseSpec, content).imageName()
                }
                let key = name.map { Key(imageName: $0, builder: baseSpec.builder ?? "") }
                if let key, let number = known(key, baseSpec) {
                    base = number
                } else {
                    base = try node(of: baseSpec, in: context)
                }
            }
            numbers[key] = nodes.count
            nodes.append(
                Node(imageName: key.imageName, spec: spec, context: context, base: base, contents: contents))
            return nodes.count - 1
        }

        /// The node of an image that is there; forced if one who asks for it forces it.
        private mutating func known(_ key: Key, _ spec: ImageSpec) -> Int? {
            guard let number = numbers[key] else { return nil }
            if spec.isForcePush, !nodes[number].spec.isForcePush {
                nodes[number].spec = nodes[number].spec.forcePush()
            }
            return number
        }
    }
}
