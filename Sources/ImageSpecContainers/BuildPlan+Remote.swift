// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// What command lines say of engines elsewhere, of caches in registries, of attestations and of fixed times.

extension BuildPlan {
    private var epoch: String? { options.sourceDateEpoch.map(String.init) }

    // MARK: docker

    /// Without the output of a build.
    var buildxOptions: [String] {
        var arguments: [String] = []
        for cache in options.cacheSources { arguments += ["--cache-from", cache.csv] }
        for cache in options.cacheTargets { arguments += ["--cache-to", cache.csv] }
        if let provenance = options.provenance {
            arguments += ["--provenance", "mode=" + provenance.mode]
        } else if engine.hasBuildx(0, 10) {
            // By default it would make an index of every image, with the time of the build in it. Versions before
            // 0.10.4 do not know the variable that says the same.
            arguments.append("--provenance=false")
        }
        if let bill = options.billOfMaterials {
            arguments += ["--sbom", bill.generator.map { OptionSyntax.csv(["generator=" + $0]) } ?? "true"]
        }
        if let epoch { arguments += ["--build-arg", "SOURCE_DATE_EPOCH=" + epoch] }
        return arguments
    }

    /// The short forms have no place for the attribute that gives the files in layers their times.
    var buildxOutput: [String] {
        if options.sourceDateEpoch == nil { return [isPushed ? "--push" : "--load"] }
        let kind = isPushed ? ["type=image", "push=true"] : ["type=docker"]
        return ["--output", OptionSyntax.csv(kind + ["rewrite-timestamp=true"])]
    }

    /// BuildKit inside the daemon has a cache in the image, and reads such caches.
    var inlineCache: [String] {
        var arguments = options.cacheSources.flatMap { ["--cache-from", $0.reference ?? ""] }
        if !options.cacheTargets.isEmpty { arguments += ["--build-arg", "BUILDKIT_INLINE_CACHE=1"] }
        return arguments
    }

    // MARK: podman and buildah

    var buildahOptions: [String] {
        var arguments: [String] = []
        for cache in options.cacheSources { arguments += ["--cache-from", cache.reference ?? ""] }
        for cache in options.cacheTargets { arguments += ["--cache-to", cache.reference ?? ""] }
        guard let epoch else { return arguments }
        // From then on they know the variable by its name, and leave older times in layers as they are.
        let isKnown = engine.isAtLeast(engine.dialect == .podman ? (5, 6) : (1, 41))
        return arguments
            + (isKnown ? ["--source-date-epoch", epoch, "--rewrite-timestamp"] : ["--timestamp", epoch])
    }

    // MARK: buildctl

    /// Before the subcommand: who is talked to, and by which certificates.
    private var connection: [String] {
        guard let endpoint else { return [] }
        var arguments = ["--addr", endpoint]
        if let path = tls.authority { arguments += ["--tlscacert", path] }
        if let path = tls.certificate { arguments += ["--tlscert", path] }
        if let path = tls.key { arguments += ["--tlskey", path] }
        if let name = tls.serverName { arguments += ["--tlsservername", name] }
        return arguments
    }

    var buildctlBuild: Command {
        var arguments = connection + ["build", "--progress", "plain", "--frontend", "dockerfile.v0"]
        arguments += ["--local", "context=" + context, "--local", "dockerfile=" + context]
        arguments += ["--opt", "platform=" + platforms.joined(separator: ",")] + secretOptions
        switch options.network {
        case nil, "default": break
        case "host": arguments += ["--opt", "force-network-mode=host", "--allow", "network.host"]
        case let network?: arguments += ["--opt", "force-network-mode=" + network]
        }
        if !options.usesCache { arguments.append("--no-cache") }
        for cache in options.cacheSources { arguments += ["--import-cache", cache.csv] }
        for cache in options.cacheTargets { arguments += ["--export-cache", cache.csv] }
        if let provenance = options.provenance {
            arguments += ["--opt", "attest:provenance=mode=" + provenance.mode]
        }
        if let bill = options.billOfMaterials {
            arguments += [
                "--opt",
                "attest:sbom=" + (bill.generator.map { OptionSyntax.csv(["generator=" + $0]) } ?? ""),
            ]
        }
        var output = ["type=image", "name=" + imageName, "push=true"]
        if let epoch {
            arguments += ["--opt", "build-arg:SOURCE_DATE_EPOCH=" + epoch]
            output.append("rewrite-timestamp=true")
        }
        return command(
            arguments + [
                "--output", OptionSyntax.csv(output), "--metadata-file", reports + "/" + Self.metadataFile,
            ])
    }

    // MARK: does it answer?

    /// Checks that the endpoint answers. This starts a buildx builder if possible.
    var probe: Command? {
        guard let endpoint else { return nil }
        return engine.dialect == .buildctl
            ? command(connection + ["debug", "workers"])
            : command(["buildx", "inspect", "--bootstrap", endpoint])
    }

    /// How long an answer may take: a builder on Kubernetes waits for its pods.
    var probeLimit: Duration { engine.dialect == .buildctl ? .seconds(15) : .seconds(150) }
}
