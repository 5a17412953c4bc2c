// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ImageSpec
@testable import ImageSpecBuilding

/// Input that a stranger may write takes time in proportion to its size: four times the input takes four times as long, where
/// a copy for each line would take sixteen times.
struct GrowthTests {
    struct Input: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var smallest: Int
        var read: @Sendable (_ count: Int) throws -> Void

        init(_ description: String, _ smallest: Int, read: @escaping @Sendable (_ count: Int) throws -> Void)
        {
            (testDescription, self.smallest, self.read) = (description, smallest, read)
        }
    }

    static let inputs = [
        Input("continued lines of requirements", 30_000) { count in
            let text = String(repeating: "six \\\n", count: count)
            _ = try PipRequirements(Array(text.utf8), path: "requirements.txt").logicalLines()
        },
        Input("comments between continued lines of requirements", 10_000) { count in
            let text = String(repeating: "six \\\n# a comment\n", count: count)
            _ = try PipRequirements(Array(text.utf8), path: "requirements.txt").logicalLines()
        },
        Input("arrays of tables in TOML", 2_000) { count in
            _ = try TOMLReader.read(String(repeating: "[[package]]\nname = 1\n", count: count))
        },
        Input("arrays of tables below an array of tables in TOML", 2_000) { count in
            _ = try TOMLReader.read("[[a]]\n" + String(repeating: "[[a.b]]\nname = 1\n", count: count))
        },
        Input("a list in TOML", 10_000) { count in
            _ = try TOMLReader.read("a = [" + String(repeating: "'x',\n", count: count) + "]")
        },
        Input("a string of many lines in TOML", 10_000) { count in
            _ = try TOMLReader.read("a = \"\"\"" + String(repeating: "x \\\n\n", count: count) + "\"\"\"")
        },
        Input("keys of a table in TOML", 4_000) { count in
            _ = try TOMLReader.read((0..<count).map { "key\($0) = 1\n" }.joined())
        },
        Input("tables in TOML", 2_000) { count in
            _ = try TOMLReader.read((0..<count).map { "[a.key\($0)]\n" }.joined())
        },
        Input("a list in JSON", 10_000) { count in
            _ = try ImageSpec.JSONValue(json: "[" + String(repeating: "[1], ", count: count) + "1]")
        },
        Input("escapes in JSON", 20_000) { count in
            _ = try ImageSpec.JSONValue(json: "\"" + String(repeating: "\\n\\u0041", count: count) + "\"")
        },
        Input("keys in JSON", 4_000) { count in
            let members = (0..<count).map { "\"key\($0)\": 1" }.joined(separator: ",")
            _ = try ImageSpec.JSONValue(json: "{\(members)}")
        },
        Input("packages of a spec", 2_000) { count in
            _ = ImageSpec(registry: "", packages: (0..<count).map { "package\($0)" }).id
        },
    ]

    @Test(arguments: inputs)
    func timeGrowsWithSize(_ input: Input) throws {
        // The fastest of some runs: the others had to wait for memory.
        func fastest(_ count: Int) throws -> Double {
            try (0..<3).map { _ in try processorTime { try input.read(count) } }.min() ?? 0
        }
        try input.read(10)
        let (once, fourTimes) = (try fastest(input.smallest), try fastest(4 * input.smallest))
        #expect(fourTimes < 10 * once, "\(once) s, and \(fourTimes) s for four times as much")
    }
}
