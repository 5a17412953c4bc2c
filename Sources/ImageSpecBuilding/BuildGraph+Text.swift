// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.BuildGraph {
    /// The graph as a Mermaid flowchart. Deterministic for the same specs.
    ///
    /// Source: mermaid.js.org, Flowcharts: entity codes to escape characters.
    public var mermaid: String {
        var text = "flowchart LR\n"
        for (number, label) in labels.enumerated() {
            text += "    n\(number)[\"\(Self.escapedForMermaid(label))\"]\n"
        }
        for edge in edges { text += "    n\(edge.base) --> n\(edge.child)\n" }
        return text
    }

    /// The graph in the DOT language of Graphviz. Deterministic for the same specs.
    ///
    /// Source: graphviz.org, The DOT Language.
    public var dot: String {
        var text = "digraph images {\n    rankdir=LR;\n    node [shape=box];\n"
        for (number, label) in labels.enumerated() {
            text += "    n\(number) [label=\"\(Self.escapedForDot(label))\"];\n"
        }
        for edge in edges { text += "    n\(edge.base) -> n\(edge.child);\n" }
        return text + "}\n"
    }

    /// What people read of each image: its name without registry, and the beginning of a long tag; the whole name where
    /// two would read the same.
    package var labels: [String] {
        let short = nodes.map { Self.shortName($0.imageName) }
        let counts = Dictionary(short.map { ($0, 1) }, uniquingKeysWith: +)
        return zip(nodes, short).map { counts[$1] == 1 ? $1 : $0.imageName }
    }

    /// The last component of a name, and the beginning of a tag of more than 20 characters.
    static func shortName(_ imageName: String) -> String {
        // A graph names its images by valid references.
        guard let reference = try? ImageSpec.ImageReference(imageName) else { return imageName }
        let last = String(reference.repository.split(separator: "/").last ?? "")
        guard let tag = reference.tag else { return last }
        return last + ":" + (tag.count > 20 ? "\(tag.prefix(12))…" : tag)
    }

    /// Whatever might mean something to Mermaid or to the page around it becomes the code of its character.
    static func escapedForMermaid(_ label: String) -> String {
        label.unicodeScalars.reduce(into: "") { text, scalar in
            let isSafe =
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || " ./:_-@…".unicodeScalars.contains(scalar)
            text += isSafe ? String(scalar) : "#\(scalar.value);"
        }
    }

    /// Quotes and backslashes, and line breaks, which would be in the text.
    static func escapedForDot(_ label: String) -> String {
        label.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\"", "\\": text += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
