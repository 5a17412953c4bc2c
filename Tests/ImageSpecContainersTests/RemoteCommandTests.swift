// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Whole command lines for buildx, buildctl, buildah and podman. Of these only buildah's and
/// dockerd's own are run by the integration tests.
@Suite struct RemoteCommandTests {
    typealias Options = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    /// The build, in words without spaces.
    private func line(
        _ dialect: DetectedEngine.Dialect, _ options: Options, version: String = "",
        buildx: String = "0.13.1", isPushed: Bool = true, platforms: [String] = ["linux/amd64"],
        secrets: [BuildPlan.Secret] = []
    ) throws -> String {
        let options = try ContainerOptions(ImageSpec(builderOptions: options))
        var plan = BuildPlan(
            engine: DetectedEngine(
                dialect: dialect, path: "/bin/x", version: version, pluginVersion: buildx),
            imageName: "r.io/a:1",
            context: "/t/context", reports: "/t", platforms: platforms, secrets: secrets, options: options,
            isPushed: isPushed)
        plan.endpoint = options.endpoints?.names.first
        plan.tls = options.tls
        let build = try #require(plan.commands.first { $0.step == .build })
        // A time from the environment is in no tag.
        #expect(build.command.environment["SOURCE_DATE_EPOCH"] == .some(nil))
        #expect(build.command.arguments.allSatisfy { !$0.contains(" ") && !$0.isEmpty })
        return build.command.arguments.joined(separator: " ")
    }

    @Test func aBuilderOfBuildxPushes() throws {
        #expect(
            try line(.buildx, ["builder": "team"])
                == "buildx build --builder team --progress plain --platform linux/amd64 --provenance=false --tag r.io/a:1 --metadata-file "
                + "/t/metadata.json --iidfile /t/image-id --push /t/context")
    }

    @Test func buildxTakesAllOptions() throws {
        let options: Options = [
            "builder": "team", "network": "host", "cache_from": ["r.io/c:1", ["ref": "r.io/d:1"]],
            "cache_to": [
                [
                    "type": "registry", "ref": "r.io/c:1", "ignore_error": true, "mode": "max",
                    "compression": "zstd",
                ],
                "inline",
            ],
            "provenance": "max", "sbom": "r.io/scanner:1", "source_date_epoch": 1_700_000_000,
        ]
        #expect(
            try line(.buildx, options, platforms: ["linux/amd64", "linux/arm64"])
                == "buildx build --builder team --progress plain --platform linux/amd64,linux/arm64 --network host "
                + "--cache-from type=registry,ref=r.io/c:1 --cache-from type=registry,ref=r.io/d:1 "
                + "--cache-to type=registry,ref=r.io/c:1,mode=max,compression=zstd,ignore-error=true,force-compression=true --cache-to type=inline "
                + "--provenance mode=max --sbom generator=r.io/scanner:1 --build-arg SOURCE_DATE_EPOCH=1700000000 "
                + "--tag r.io/a:1 --metadata-file /t/metadata.json "
                + "--output type=registry,rewrite-timestamp=true /t/context")
    }

    // Source: the release notes of buildx: attestations since 0.10.0, the variable against them since 0.10.4.
    @Test(arguments: [("0.9.1", false), ("0.10.0", true), ("0.10.4", true), ("0.30.1", true), ("", true)])
    func anIndexWithTheTimeOfTheBuildIsMadeOnlyWhereItIsAskedFor(_ version: String, _ isKnown: Bool) throws {
        for options in [[:], ["sbom": true]] as [Options] where isKnown || options.isEmpty {
            let line = try line(.buildx, options, buildx: version)
            #expect(line.contains(" --provenance=false ") == isKnown)
        }
        #expect(try !line(.buildx, ["provenance": true], buildx: version).contains("=false"))
    }

    @Test func buildxLoadsWhatIsNotPushed() throws {
        #expect(try line(.buildx, ["builder": "team"], isPushed: false).hasSuffix(" --load /t/context"))
        #expect(
            try line(.buildx, ["source_date_epoch": 0], isPushed: false)
                .hasSuffix(" --output type=docker,rewrite-timestamp=true /t/context"))
    }

    @Test func dockerWithoutBuildxHasInlineCaches() throws {
        #expect(
            try line(.buildKit, ["cache_from": "r.io/b:1", "cache_to": "inline"])
                == "build --progress plain --platform linux/amd64 --cache-from r.io/b:1 --build-arg "
                + "BUILDKIT_INLINE_CACHE=1 --tag r.io/a:1 --iidfile /t/image-id /t/context")
    }

    @Test(
        arguments: [
            (.buildah, "1.28.2", "--timestamp 7"), (.podman, "4.3.1", "--timestamp 7"),
            (.buildah, "1.41.0", "--source-date-epoch 7 --rewrite-timestamp"),
            (.podman, "5.6.0", "--source-date-epoch 7 --rewrite-timestamp"),
            (.podman, "5.5.2", "--timestamp 7"),
        ] as [(DetectedEngine.Dialect, String, String)])
    func buildahAndPodmanHaveFixedTimesByVersion(
        _ dialect: DetectedEngine.Dialect, _ version: String, _ times: String
    ) throws {
        #expect(
            try line(
                dialect, ["source_date_epoch": 7, "cache_from": "r.io/c", "cache_to": "r.io/d"],
                version: version)
                == "build --layers --force-rm --platform linux/amd64 "
                + (dialect == .podman ? "--secret id=imagespec,src=/t/imagespec " : "")
                + "--cache-from r.io/c --cache-to r.io/d \(times) --tag r.io/a:1 --iidfile /t/image-id /t/context"
        )
    }

    @Test func buildctlHasADaemonBuildWithCertificatesOfBothSides() throws {
        let options: Options = [
            "address": "tcp://buildkit:1234", "tls_ca": "/t/tls_ca", "tls_cert": "/t/tls_cert",
            "tls_key": "/t/tls_key", "tls_server_name": "buildkit.acme.com",
        ]
        #expect(
            try line(.buildctl, options, secrets: [.init(id: "secret_0", path: "/t/secret_0")])
                == "--addr tcp://buildkit:1234 --tlscacert /t/tls_ca --tlscert /t/tls_cert --tlskey /t/tls_key "
                + "--tlsservername buildkit.acme.com build --progress plain --frontend dockerfile.v0 "
                + "--local context=/t/context --local dockerfile=/t/context --opt platform=linux/amd64 "
                + "--secret id=secret_0,src=/t/secret_0 --output type=image,name=r.io/a:1,push=true "
                + "--metadata-file /t/metadata.json")
    }

    @Test func buildctlTakesAllOptions() throws {
        let options: Options = [
            "address": "kube-pod://buildkitd-0?namespace=ci", "network": "host", "cache_from": "r.io/c:1",
            "cache_to": [
                "inline", ["ref": "r.io/c:1", "mode": "max", "image_manifest": true, "oci_mediatypes": true],
            ],
            "provenance": true, "sbom": true, "source_date_epoch": 0,
        ]
        #expect(
            try line(.buildctl, options, platforms: ["linux/amd64", "linux/arm64"])
                == "--addr kube-pod://buildkitd-0?namespace=ci build --progress plain --frontend dockerfile.v0 "
                + "--local context=/t/context --local dockerfile=/t/context --opt platform=linux/amd64,linux/arm64 "
                + "--opt force-network-mode=host --allow network.host --import-cache type=registry,ref=r.io/c:1 "
                + "--export-cache type=inline "
                + "--export-cache type=registry,ref=r.io/c:1,mode=max,image-manifest=true,oci-mediatypes=true "
                + "--opt attest:provenance=mode=min --opt attest:sbom= --opt build-arg:SOURCE_DATE_EPOCH=0 "
                + "--output type=image,name=r.io/a:1,push=true,rewrite-timestamp=true --metadata-file /t/metadata.json"
        )
        #expect(
            try line(.buildctl, ["cache": false, "network": "none"]).contains("=none --no-cache --output"))
        // Without an address, buildctl takes that of its own variable.
        #expect(try line(.buildctl, [:]).hasPrefix("build --progress plain"))
    }
}
