// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpecFoundation
import Testing

@testable import ImageSpec

/// Specs inside the documents of clients, and errors as Foundation sees them.
@Suite struct DecodingTests {
    /// A configuration as a client has it.
    struct Deployment: Codable, Equatable {
        struct Task: Codable, Equatable {
            var cpuCount: Int
            var image: ImageSpec
        }

        var tasks: [Task]
    }

    private static let deployment = Deployment(tasks: [
        .init(
            cpuCount: 2,
            image: ImageSpec(
                pythonVersion: "3.12", env: ["MODE": "fast", "buildKind": "x"], packages: ["six"],
                baseImage: .spec(ImageSpec(env: ["BASE_MODE": "1"], aptPackages: ["git"])),
                builderOptions: ["cacheTo": ["type=local"], "a": ["nestedKey": 1]]))
    ])

    // Key strategies are for the keys of the client's types: the variable MODE would become another one.
    @Test(arguments: [false, true]) func keyStrategiesDoNotChangeASpec(isSnakeCase: Bool) throws {
        let encoder = JSONEncoder()
        let decoder = JSONDecoder()
        if isSnakeCase {
            encoder.keyEncodingStrategy = .convertToSnakeCase
            decoder.keyDecodingStrategy = .convertFromSnakeCase
        }
        let data = try encoder.encode(Self.deployment)
        let document = try ImageSpec.JSONValue(json: Array(data))
        let task = try #require(document["tasks"]?.array.first)
        #expect(task[isSnakeCase ? "cpu_count" : "cpuCount"] == 2)
        #expect(task["image"] == Self.deployment.tasks[0].image.document)
        #expect(try decoder.decode(Deployment.self, from: data) == Self.deployment)
    }

    @Test func propertyListsContainSpecs() throws {
        let data = try PropertyListEncoder().encode(Self.deployment)
        #expect(try PropertyListDecoder().decode(Deployment.self, from: data) == Self.deployment)
    }

    // The path leads to the value or key with the first problem; the underlying error has all of them.
    @Test(
        arguments: [
            (#"{"python_version": 3.12}"#, ["tasks", "0", "image", "python_version"], 1),
            (#"{"packages": ["a", 1], "env": {"A": 1}}"#, ["tasks", "0", "image"], 2),
            (
                #"{"base_image": {"packages": ["a", 1]}}"#,
                ["tasks", "0", "image", "base_image", "packages", "1"],
                1
            ),
            (#"{"pythonVersion": "3.12"}"#, ["tasks", "0", "image", "pythonVersion"], 1),
            (
                #"{"builder_options": {"a": [9007199254740993]}}"#,
                ["tasks", "0", "image", "builder_options", "a", "0"], 1
            ),
            ("[]", ["tasks", "0", "image"], 1),
        ] as [(String, [String], Int)])
    func anErrorHasThePathInTheDocument(image: String, path: [String], count: Int) throws {
        let data = Data(#"{"tasks": [{"cpuCount": 1, "image": \#(image)}]}"#.utf8)
        let error = try #require(throws: DecodingError.self) {
            try JSONDecoder().decode(Deployment.self, from: data)
        }
        guard case .dataCorrupted(let context) = error else {
            Issue.record("\(error)")
            return
        }
        let found = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
        // The decoder has no order of keys, so that either of two problems can be the first.
        #expect(found.starts(with: path) && (count > 1 || found == path), "\(found)")
        let underlying = try #require(context.underlyingError as? ImageSpecError)
        #expect(underlying.problems.count == count && context.debugDescription == underlying.message)
    }

    @Test func aNameInCamelCaseIsCorrected() throws {
        let error = try #require(throws: ImageSpecError.self) {
            try ImageSpec(json: #"{"pythonVersion": "3"}"#)
        }
        #expect(error.message.contains("did you mean \"python_version\"?"), "\(error.message)")
    }

    @Test func foundationShowsTheMessageOfAnError() throws {
        let error = try #require(throws: ImageSpecError.self) {
            try ImageSpec(json: #"{"pyton_version": "3.12", "name": 1}"#)
        }
        #expect(error.localizedDescription == error.message)
        #expect(error.localizedDescription.contains("did you mean \"python_version\"?"))
        let erased: any Error = error
        #expect(erased.localizedDescription == error.message)
        #expect(error.failureReason == "unknown field\nexpected a string, found the number 1")
        #expect(error.recoverySuggestion == "did you mean \"python_version\"?\nwrite \"1\" in quotes")
        #expect(ImageSpecError(.toolFailed, "no").recoverySuggestion == nil)
    }

    @Test func errorsAreEqualIfTheySayTheSame() throws {
        func error(_ text: String) -> ImageSpecError? {
            #expect(throws: ImageSpecError.self) { try ImageSpec(json: text) }
        }
        #expect(error(#"{"name": 1}"#) == error(#"{"name": 1}"#))
        #expect(error(#"{"name": 1}"#) != error(#"{"name": 2}"#))
    }
}

extension ImageSpec.JSONValue {
    fileprivate var array: [ImageSpec.JSONValue] {
        if case .array(let list) = self { list } else { [] }
    }
}
