// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ImageSpec

/// Images and their templates, as flytekit itself has them: `Tests/Integration/flytekit-images.py` wrote the cases.
@Suite struct ImageConfigTests {
    struct Cases: Decodable {
        struct LookUp: Decodable {
            var reference: String
            var fqn: String
            var tag: String?
            var digest: String?
            var version: String?
            var full: String
        }

        struct Config: Decodable {
            var json: String
            var resolved: [[String?]]
        }

        // swift-format-ignore: AlwaysUseLowerCamelCase
        var look_ups: [LookUp]
        var configs: [Config]
    }

    private func cases() throws -> Cases {
        let file = try #require(
            Bundle.module.url(
                forResource: "cases", withExtension: "json", subdirectory: "Fixtures/flytekit-images"))
        return try JSONDecoder().decode(Cases.self, from: Data(contentsOf: file))
    }

    @Test func referencesAreReadAsByFlytekit() throws {
        let lookUps = try cases().look_ups
        #expect(lookUps.count > 10)
        for expected in lookUps {
            let image = ImageSpec.Image(name: "n", reference: expected.reference)
            #expect(image.name == "n" && image.fqn == expected.fqn, "\(expected.reference)")
            #expect(image.tag == expected.tag && image.digest == expected.digest, "\(expected.reference)")
            #expect(image.version == expected.version && image.full == expected.full, "\(expected.reference)")
        }
    }

    @Test func templatesAreResolvedAsByFlytekit() throws {
        let configs = try cases().configs
        #expect(configs.count == 3)
        for expected in configs {
            let config = try ImageSpec.ImageConfig(json: expected.json)
            // The same values, whatever the order of keys.
            #expect(
                try ImageSpec.JSONValue(json: config.json) == ImageSpec.JSONValue(json: expected.json),
                "\(config.json)")
            for pair in expected.resolved {
                let text = try #require(pair[0])
                #expect((try? config.resolve(text)) == pair[1], "\(text)")
            }
        }
    }

    @Test func aConfigIsMadeOfReferences() throws {
        let config = ImageSpec.ImageConfig(default: "a:1", images: ["spark": "b:2"])
        #expect(config.image(named: "spark")?.full == "b:2" && config.image(named: "default")?.tag == "1")
        #expect(config.image(named: "none") == nil)
        #expect(try config.resolve("x/{{.image.spark.version}}") == "x/2")
        let error = #expect(throws: ImageSpecError.self) { try config.resolve("{{.image.sparc}}") }
        #expect(error?.message.contains("did you mean \"spark\"?") == true)
    }
}
