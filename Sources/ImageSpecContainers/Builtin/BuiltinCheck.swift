// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

/// What keeps an image from being made without an engine, as far as its spec tells.
struct BuiltinCheck {
    var spec: ImageSpec
    var options: ContainerOptions
    var context: ImageSpec.Context

    init(spec: ImageSpec, options: ContainerOptions, in context: ImageSpec.Context) {
        self.spec = spec
        self.options = options
        self.context = context
    }

    var problems: [ImageSpecError] {
        fieldProblems + lockProblems + installationProblems + pythonProblems + secretProblems + optionProblems
            + platformProblems
    }

    /// Fields whose effect is that of a program in the image.
    private var fieldProblems: [ImageSpecError] {
        let lists = [
            ("apt_packages", spec.aptPackages), ("commands", spec.commands),
            ("conda_packages", spec.condaPackages), ("conda_channels", spec.condaChannels),
        ]
        return lists.filter { !($0.1 ?? []).isEmpty }.map {
            .fieldNeedsEngine($0.0, "runs programs in the image")
        }
    }

    private var lockProblems: [ImageSpecError] {
        guard let path = spec.requirements, path.split(separator: "/").last == "poetry.lock" else {
            return []
        }
        return [
            .fieldNeedsEngine("requirements", "a poetry.lock is installed by running poetry in the image")
        ]
    }

    /// uv runs on this machine, and must not run what a package or a spec brings along.
    private var installationProblems: [ImageSpecError] {
        HostInstallation(of: spec).problems.map { .fieldNeedsEngine($0.field, $0.reason) }
    }

    /// Without a base image, only the official images have a Python.
    private var pythonProblems: [ImageSpecError] {
        let environment = PythonEnvironment(of: spec)
        guard case .version(let version) = environment.interpreter, !spec.hasBaseImage else { return [] }
        return [
            .fieldNeedsEngine(
                "python_version",
                "is \(version), for which there is no official image, so it would be installed in the image")
        ]
    }

    private var secretProblems: [ImageSpecError] {
        guard spec.hasPythonPackages else { return [] }
        return (spec.pipSecretMounts ?? []).enumerated().filter {
            !PackageInstallation.secretPlaces.contains($0.element.targetPath)
        }.map { index, mount in
            .fieldNeedsEngine(
                "pip_secret_mounts[\(index)]",
                "has the target \(mount.targetPath), and the builtin engine supports only \(PackageInstallation.secretPlaces.joined(separator: ", "))"
            )
        }
    }

    private var optionProblems: [ImageSpecError] {
        var keys: [String] = []
        if let network = options.network, !["host", "default"].contains(network) { keys.append("network") }
        if let endpoints = options.endpoints { keys.append(endpoints.key) }
        if !options.cacheSources.isEmpty { keys.append("cache_from") }
        if !options.cacheTargets.isEmpty { keys.append("cache_to") }
        if options.provenance != nil { keys.append("provenance") }
        if options.billOfMaterials != nil { keys.append("sbom") }
        return keys.map { .optionNeedsOtherEngine($0) }
    }

    private var platformProblems: [ImageSpecError] {
        spec.platforms(in: context).filter { ImagePlatform($0) == nil }.map { platform in
            .platformsUnsupported([platform], "not a platform", fix: "write it as linux/amd64")
        }
    }
}
