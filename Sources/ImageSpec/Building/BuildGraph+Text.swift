// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

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

    /// The last component of a name, with at most 20 characters of its tag.
    static func shortName(_ imageName: String) -> String {
        let last = imageName.split(separator: "/").last ?? ""
        guard let colon = last.lastIndex(of: ":") else { return String(last) }
        let tag = last[last.index(after: colon)...]
        return tag.count > 20 ? "\(last[...colon])\(tag.prefix(12))…" : String(last)
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
