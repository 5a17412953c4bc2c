// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Which options there are for engines elsewhere, and what no option may be.
@Suite struct RemoteOptionTests {
    typealias Options = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    // An option that changes what is pushed must change the tag, so each new one is decided about here.
    @Test func onlyOptionsThatChangeWhatIsPushedArePartOfATag() {
        let pushed = ContainerOptions.names.filter { !BuildTransport.contains($0) }
        #expect(pushed == ["provenance", "sbom", "source_date_epoch"])
        #expect(BuildTransport.options.allSatisfy(ContainerOptions.names.contains))
    }

    @Test(
        arguments: [
            (["adress": "tcp://a:1"], .unsupportedField, "did you mean \"address\"?"),
            (["cache_form": "a"], .unsupportedField, "did you mean \"cache_from\"?"),
            (["builder": "a b"], .invalidField, "builder:"),
            (["builder": "--push"], .invalidField, "builder:"),
            (["builder": 1], .invalidField, "string"), (["builders": "a"], .invalidField, "list"),
            (["builders": []], .invalidField, "list"),
            (["builders": ["a", "a"]], .invalidField, "duplicate"),
            (["builder": "a", "address": "tcp://a:1"], .invalidField, "builder"),
            (["builder": "a", "engine": "podman"], .invalidField, "engine is podman"),
            (["address": "tcp://a:1", "engine": "docker"], .invalidField, "buildctl"),
            (["address": "http://a:1"], .invalidField, "tcp://host:port"),
            (["address": "tcp://a"], .invalidField, "port"),
            (["address": "tcp://a:0"], .invalidField, "port"),
            (["address": "tcp://a:99999"], .invalidField, "port"),
            (["address": "tcp://:1"], .invalidField, "port"),
            (["address": "unix://run/x"], .invalidField, "absolute path"),
            (["address": "--help"], .invalidField, "address"),
            // Programs take what begins with a dash for an option.
            (["address": "ssh://-oProxyCommand=x"], .invalidField, "begins with"),
            (["address": "ssh://-o@host"], .invalidField, "user"),
            (["address": "ssh://a -oProxyCommand=x,y@host"], .invalidField, "user"),
            (["address": "ssh://a\"b@host"], .invalidField, "user"),
            (["address": "kube-pod://-n"], .invalidField, "begins with"),
            (["address": "docker-container://a b"], .invalidField, "characters"),
            (["address": "tcp://a:1\n"], .invalidField, "characters"),
            (["tls_ca": "ca.pem"], .invalidField, "tcp://host:port"),
            (["address": "unix:///a", "tls_ca": "ca.pem"], .invalidField, "tls_ca"),
            (["address": "tcp://a:1", "tls_key": "k"], .invalidField, "set together"),
            (["address": "tcp://a:1", "tls_server_name": "-x"], .invalidField, "tls_server_name"),
            (["cache_from": "a,type=local"], .invalidField, "cache_from"),
            (["cache_from": "--x"], .invalidField, "cache_from"),
            (["cache_from": "a", "cache": false], .invalidField, "cache: false"),
            (["cache_to": ["ref": "a,dest=/etc"]], .invalidField, "not a valid image name"),
            (["cache_to": ["type": "local", "ref": "a"]], .invalidField, "registry"),
            (["cache_to": ["mode": "max"]], .invalidField, "missing ref"),
            (["cache_to": ["ref": "a", "mode": "all"]], .invalidField, "mode"),
            (["cache_to": ["ref": "a", "mod": "max"]], .unsupportedField, "did you mean \"mode\"?"),
            (["cache_to": ["type": "inline", "ref": "a"]], .invalidField, "inline"),
            (["cache_from": ["ref": "a", "mode": "max"]], .unsupportedField, "mode"),
            (
                ["cache_to": ["ref": "a", "image_manifest": true, "oci_mediatypes": false]], .invalidField,
                "OCI media types"
            ),
            (["cache_to": 3], .invalidField, "cache_to"),
            (["provenance": "full"], .invalidField, "provenance"), (["sbom": "a b"], .invalidField, "sbom"),
            (["source_date_epoch": -1], .invalidField, "1970"),
            (["source_date_epoch": "0"], .invalidField, "1970"),
            (["source_date_epoch": 0.5], .invalidField, "1970"),
            (["source_date_epoch": 253_402_300_800], .invalidField, "9999"),
        ] as [(Options, ImageSpecError.Code, String)])
    func otherOptionsAreErrors(_ options: Options, _ code: ImageSpecError.Code, _ text: String) {
        let error = #expect(throws: ImageSpecError.self) {
            try ContainerOptions(ImageSpec(builderOptions: options))
        }
        #expect(error?.code == code)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["tcp://user:pass@a:1", "ssh://me:pass@a", "https://user:pass@a"])
    func aPasswordInAnAddressIsRefusedAndNotPrinted(_ address: String) {
        let error = #expect(throws: ImageSpecError.self) {
            try ContainerOptions(ImageSpec(builderOptions: ["address": .string(address)]))
        }
        #expect(error?.message.contains("pass@") == false)
    }

    @Test(arguments: [
        "tcp://buildkit:1234", "tcp://[::1]:1234", "tcp://10.0.0.1:1", "unix:///run/buildkit/buildkitd.sock",
        "kube-pod://buildkitd-0?namespace=ci&context=prod", "docker-container://buildkitd", "ssh://me@host",
        "ssh://build_user-1.x@host:22",
        "podman-container://b",
    ])
    func addressesOfDaemonsAreTaken(_ address: String) throws {
        let options = try ContainerOptions(ImageSpec(builderOptions: ["address": .string(address)]))
        #expect(options.endpoints?.names == [address])
        #expect(options.endpoints?.engine == .buildctl)
    }

    // Source: RFC 4180.
    @Test func fieldsOfListsAreQuotedWhereTheyHaveTo() {
        #expect(
            OptionSyntax.csv(["type=image", "name=a,b", "x=\"y\""])
                == "type=image,\"name=a,b\",\"x=\"\"y\"\"\""
        )
    }

    // MARK: what engines can do

    @Test(
        arguments: [
            (["cache_to": "r.io/a"], .buildKit, "20.10.24", "buildx, buildctl"),
            (["cache_to": "inline"], .buildah, "1.28.2", "docker or buildctl"),
            (["cache_to": ["ref": "r.io/a", "mode": "max"]], .buildah, "1.28.2", "attributes"),
            (["cache_from": "r.io/a:1"], .podman, "4.3.1", "without a tag"),
            (["cache_from": ["r.io/a", "r.io/b"]], .podman, "4.3.1", "one cache"),
            (["cache_from": "r.io/a"], .buildah, "1.26.9", "before version 1.27"),
            (["cache_to": "r.io/a"], .podman, "4.1.1", "before version 4.2"),
            (["provenance": true], .buildah, "1.28.2", "buildctl, or docker with buildx 0.10 or later"),
            (["sbom": true], .buildKit, "20.10.24", "use buildctl, or docker"),
            (["source_date_epoch": 0], .buildKit, "20.10.24", "podman or buildah"),
            (["network": "mine"], .buildctl, "0.13.0", "default; use podman or buildah"),
            (["network": "mine"], .buildx, "28.2.2", "use podman, buildah or a builder created with"),
            (["network": "mine"], .buildKit, "20.10.24", "use podman, buildah or a builder created with"),
        ] as [(Options, DetectedEngine.Dialect, String, String)])
    func whatTheEngineCannotDoIsAnErrorThatSaysWhichCan(
        _ options: Options, _ dialect: DetectedEngine.Dialect, _ version: String, _ text: String
    ) {
        let error = #expect(throws: ImageSpecError.self) {
            try EngineCapabilities(
                engine: DetectedEngine(dialect: dialect, path: "/bin/x", version: version),
                options: ContainerOptions(ImageSpec(builderOptions: options))
            ).check(imageName: "a", isPushed: true)
        }
        #expect(error?.code == .unsupportedField)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test func buildxHasAttestationsAndFixedTimesSinceItsVersion010() throws {
        for options in [["provenance": true], ["source_date_epoch": 0]] as [Options] {
            let options = try ContainerOptions(ImageSpec(builderOptions: options))
            var engine = DetectedEngine(dialect: .buildx, path: "/bin/docker", version: "23.0")
            for (version, isAble) in [("0.9.1", false), ("0.10.0", true), ("0.13.1+ds1", true), ("", true)] {
                engine.pluginVersion = version
                let abilities = EngineCapabilities(engine: engine, options: options)
                if isAble {
                    try abilities.check(imageName: "a", isPushed: true)
                } else {
                    #expect(throws: ImageSpecError.self) {
                        try abilities.check(imageName: "a", isPushed: true)
                    }
                }
            }
        }
    }

    // Source: buildah's release notes of 1.27.0, whose library podman 4.2 has.
    @Test(
        arguments: [
            (["cache_from": "r.io/a", "cache_to": "r.io/a"], .buildah, "1.27.0"),
            (["cache_to": "r.io/a"], .podman, "4.2.0"), (["network": "mine"], .podman, "4.3.1"),
            (["network": "host"], .buildx, "28.2.2"), (["network": "none"], .buildKit, "20.10.24"),
            (["source_date_epoch": 0], .buildx, "28.2.2"),
        ] as [(Options, DetectedEngine.Dialect, String)])
    func whatTheEngineCanDoIsNoError(
        _ options: Options, _ dialect: DetectedEngine.Dialect, _ version: String
    ) throws {
        try EngineCapabilities(
            engine: DetectedEngine(dialect: dialect, path: "/bin/x", version: version),
            options: ContainerOptions(ImageSpec(builderOptions: options))
        ).check(imageName: "a", isPushed: true)
    }

    @Test(
        arguments: [
            ([("", "docker")], "the current builder of buildx"), ([("default", "docker")], "default"),
            ([("east", "kubernetes"), ("own", "docker")], "the builder own"),
            ([("", "docker-container")], nil), ([("east", "remote"), ("west", "kubernetes")], nil),
            // Nobody can tell: what it cannot do, it says.
            ([("east", "")], nil),
        ] as [([(builder: String, driver: String)], String?)])
    func aDaemonsOwnBuilderHasNoFixedTimes(
        _ drivers: [(builder: String, driver: String)], _ text: String?
    ) throws {
        var abilities = EngineCapabilities(
            engine: DetectedEngine(dialect: .buildx, path: "/bin/docker", version: "28.2.2"),
            options: try ContainerOptions(ImageSpec(builderOptions: ["source_date_epoch": 0])))
        abilities.drivers = drivers
        guard let text else { return try abilities.check(imageName: "a", isPushed: true) }
        let error = #expect(throws: ImageSpecError.self) {
            try abilities.check(imageName: "a", isPushed: true)
        }
        #expect(error?.code == .unsupportedField)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("docker buildx create --driver docker-container") == true)
        abilities.options.sourceDateEpoch = nil
        try abilities.check(imageName: "a", isPushed: true)
    }

    @Test func attestationsAndBuildctlNeedARegistry() throws {
        for (options, dialect) in [(["sbom": true], .buildx), ([:], .buildctl)]
            as [(Options, DetectedEngine.Dialect)]
        {
            let abilities = EngineCapabilities(
                engine: DetectedEngine(dialect: dialect, path: "/bin/x", version: ""),
                options: try ContainerOptions(ImageSpec(builderOptions: options)))
            try abilities.check(imageName: "a", isPushed: true)
            let error = #expect(throws: ImageSpecError.self) {
                try abilities.check(imageName: "a", isPushed: false)
            }
            #expect(error?.message.contains("set registry and push") == true)
        }
    }
}
