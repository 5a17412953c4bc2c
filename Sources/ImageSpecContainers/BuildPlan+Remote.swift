// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// Arguments for remote engines, caches in registries, attestations and fixed times.

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
            // By default, buildx pushes an index for every image, with the time of the build in it. Versions before 0.10.4 ignore
            // the variable for this.
            arguments.append("--provenance=false")
        }
        if let bill = options.billOfMaterials {
            arguments += ["--sbom", bill.generator.map { OptionSyntax.csv(["generator=" + $0]) } ?? "true"]
        }
        if let epoch { arguments += ["--build-arg", "SOURCE_DATE_EPOCH=" + epoch] }
        return arguments
    }

    /// The short forms do not accept the attribute that sets the times of files in layers. The daemon's own builder accepts
    /// it only with the type `registry`.
    var buildxOutput: [String] {
        if options.sourceDateEpoch == nil { return [isPushed ? "--push" : "--load"] }
        let type = isPushed ? "type=registry" : "type=docker"
        return ["--output", OptionSyntax.csv([type, "rewrite-timestamp=true"])]
    }

    /// BuildKit inside the daemon supports only caches that are part of an image.
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
        // Later versions support the variable, and keep file times that are older.
        let isKnown = engine.isAtLeast(engine.dialect == .podman ? (5, 6) : (1, 41))
        return arguments
            + (isKnown ? ["--source-date-epoch", epoch, "--rewrite-timestamp"] : ["--timestamp", epoch])
    }

    // MARK: buildctl

    /// The address and the certificates, which precede the subcommand.
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
                "--output", OptionSyntax.csv(output), "--metadata-file",
                reports + "/" + BuildReports.metadataFile,
            ])
    }

    // MARK: probes

    /// Asks a BuildKit daemon for its workers.
    var listWorkers: Command { command(connection + ["debug", "workers"]) }

    /// Asks the docker daemon for its version.
    var printServerVersion: Command { command(["version", "--format", "{{.Server.Version}}"]) }

    /// Starts a buildx builder.
    var startBuilder: Command {
        command(["buildx", "inspect", "--bootstrap"] + (endpoint.map { [$0] } ?? []))
    }
}
