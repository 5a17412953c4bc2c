// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Print the graph of images and their base images, for Mermaid or Graphviz.",
        discussion: """
            Each image appears once. Arrows lead from a base image to the images based on it. The output is the same for \
            the same specs. Reads every file that the specs name, and builds nothing.

              imagespec graph trainer.yaml
              imagespec graph trainer.yaml server.yaml >images.mmd
              imagespec graph --format dot trainer.yaml >images.dot
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case mermaid, dot
    }

    @Argument(
        help: "Spec files (.json, .yaml, .yml), or - for standard input.",
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var specs: [String]

    @OptionGroup var options: SpecOptions

    @Option(help: "Output format.")
    var format = Format.mermaid

    func run() throws {
        let files = try SpecGraph(specs, options)
        if !files.problems.isEmpty { throw SpecProblems(problems: files.problems.map(\.error)) }
        let text = format == .mermaid ? files.graph.mermaid : files.graph.dot
        try StandardOutput.write(Array(text.utf8))
    }
}

/// The graph of spec files.
struct SpecGraph {
    /// The tool's engine builds specs that name no builder so.
    private(set) var graph = ImageSpec.BuildGraph(defaultBuilder: "default")
    /// The files of the specs that are in the graph, in their order.
    private var files: [(number: Int, name: String)] = []
    /// What is wrong, by the number of the file, in their order.
    private(set) var problems: [(file: Int, error: ImageSpecError)] = []
    private let options: SpecOptions

    /// Reads all files; those without a name are problems.
    /// - Throws: If one of them cannot be read as a spec.
    init(_ names: [String], _ options: SpecOptions) throws(ImageSpecError) {
        self.options = options
        let loaded = try names.map { name throws(ImageSpecError) in
            (name: name, spec: try options.load(name))
        }
        for (number, (name, spec)) in loaded.enumerated() {
            do throws(ImageSpecError) {
                try graph.add(spec, in: options.context(of: name))
                files.append((number, name))
            } catch {
                problems.append((number, options.located(error, in: name)))
            }
        }
    }

    /// Adds what is wrong with images: each at its own file, else at the first that needs it.
    mutating func add(_ found: [(node: Int, error: ImageSpecError)]) {
        for (node, error) in found {
            let distances = graph.requested.map { levels(from: $0, to: node) }
            guard let index = distances.firstIndex(of: 0) ?? distances.firstIndex(where: { $0 != nil }) else {
                continue
            }
            let error = error.inBaseImage(levels: distances[index] ?? 0)
            problems.append((files[index].number, options.located(error, in: files[index].name)))
        }
        problems.sort { $0.file < $1.file }
    }

    /// How many bases below an image another one is; nil if it is not.
    private func levels(from top: Int, to node: Int) -> Int? {
        var levels = 0
        var next: Int? = top
        while let number = next {
            if number == node { return levels }
            levels += 1
            next = graph.nodes[number].base
        }
        return nil
    }
}
