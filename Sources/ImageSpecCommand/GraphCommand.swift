// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding

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

    @OptionGroup var input: SpecsInput

    @Option(help: "Output format.")
    var format = Format.mermaid

    func run() throws {
        let files = try SpecGraph(of: input.files, input.options)
        if let error = ImageSpecError(problems: files.problems.map(\.error)) { throw error }
        let text = format == .mermaid ? files.graph.mermaid : files.graph.dot
        try StandardOutput.write(Array(text.utf8))
    }
}

/// The graph of spec files.
struct SpecGraph {
    /// Its default builder is that of the tool's engine.
    private(set) var graph = ImageSpec.BuildGraph(defaultBuilder: "default")
    /// The files of the specs that are in the graph, in their order.
    private var files: [(number: Int, file: SpecFile)] = []
    /// The problems, by the index of the file, in their order.
    private(set) var problems: [(file: Int, error: ImageSpecError)] = []
    private let overriddenFields: Set<String>

    /// Reads all files. A spec without a valid name is a problem.
    /// - Throws: If a file is not a valid spec.
    init(of specs: [SpecFile], _ options: SpecOverrides) throws(ImageSpecError) {
        overriddenFields = options.fields
        let loaded = try specs.map { file throws(ImageSpecError) in
            (file: file, spec: try options.load(file))
        }
        for (number, (file, spec)) in loaded.enumerated() {
            do throws(ImageSpecError) {
                try graph.add(spec, in: options.context(of: file))
                files.append((number, file))
            } catch {
                problems.append((number, file.located(error, overridden: overriddenFields)))
            }
        }
    }

    /// Adds problems of images, each at its own file or at the first one that needs the image.
    mutating func add(_ found: [(node: Int, error: ImageSpecError)]) {
        for (node, error) in found {
            let distances = graph.requested.map { levels(from: $0, to: node) }
            guard let index = distances.firstIndex(of: 0) ?? distances.firstIndex(where: { $0 != nil }) else {
                continue
            }
            let error = error.inBaseImage(levels: distances[index] ?? 0)
            problems.append(
                (files[index].number, files[index].file.located(error, overridden: overriddenFields)))
        }
        problems.sort { $0.file < $1.file }
    }

    /// The number of bases between an image and one below it; `nil` if it is not below.
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
