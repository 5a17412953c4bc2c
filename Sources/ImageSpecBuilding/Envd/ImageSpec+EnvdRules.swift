// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// What a spec is rendered as, which decides what it may say.
enum Rendering: Sendable {
    case dockerfile
    case envd

    /// What the builder of a spec builds from. Builders of others are taken for such as build Dockerfiles.
    init(of spec: ImageSpec) { self = spec.isForEnvd ? .envd : .dockerfile }
}

extension ImageSpec {
    /// The name of the builder that runs envd.
    package static var envdBuilderName: String { "envd" }

    /// Whether the spec names that builder.
    package var isForEnvd: Bool { builder?.hasSameBytes(as: Self.envdBuilderName) == true }

    /// What envd cannot do, and would not say so.
    var envdProblems: [ImageSpecError] {
        var problems: [ImageSpecError] = []
        func refuse(_ field: String, if isGiven: Bool, _ reason: String, fix: ImageSpecError.Fix) {
            if isGiven { problems.append(.unsupportedByEnvd(field, reason, fix: fix)) }
        }
        refuse(
            "python_exec", if: pythonExec.nonEmpty != nil, "it cannot use an existing interpreter",
            fix: "set python_version, or use another builder")
        refuse(
            "pip_secret_mounts", if: !(pipSecretMounts ?? []).isEmpty, "it cannot mount secrets",
            fix: "use another builder")
        refuse(
            "pip_extra_args", if: pipExtraArgs.nonEmpty != nil, "it passes no arguments to pip",
            fix: "write options in a requirements file, or use another builder")
        for (field, urls) in [
            ("pip_index", pipIndex.map { [$0] }), ("pip_extra_index_url", pipExtraIndexURLs),
        ] {
            refuse(
                field, if: (urls ?? []).contains { $0.utf8.contains { $0 >= 0x80 } },
                "pip splits the value at any Unicode white space",
                fix: "percent-encode non-ASCII characters, as in %20")
        }
        refuse(
            "requirements",
            if: requirements.nonEmpty.flatMap {
                RequirementFiles.lockFileName(Path.lexicallyNormalized($0))
            } != nil, "it cannot read lock files",
            fix: "export a pip requirements file, or use another builder")
        refuse(
            "entrypoint", if: entrypoint?.isEmpty == true,
            "an empty list would keep the entrypoint of the base image",
            fix: "set an entrypoint, or use another builder")
        refuse(
            "platform", if: declaredPlatform?.utf8.contains(UInt8(ascii: ",")) == true,
            "it names the image of each platform differently", fix: "use one platform, or use another builder"
        )
        refuse(
            "python_version", if: pythonVersion.nonEmpty?.utf8.first == UInt8(ascii: "2"),
            "it supports only Python 3", fix: "use a version such as \"3.12\"")
        for name in ["PATH", "LANG", "LC_ALL"] {
            refuse("env." + name, if: env?[name] != nil, "it sets this variable itself", fix: "remove it")
        }
        for (key, value) in builderConfig ?? [:] {
            refuse(
                "builder_config." + key.shortened, if: value != .null,
                "it applies only to the default builder", fix: "remove it")
        }
        for (key, value) in builderOptions ?? [:] {
            refuse(
                "builder_options." + key.shortened, if: value != .null, "this builder has no options",
                fix: "remove it")
        }
        if case .spec(let base) = baseImage {
            refuse(
                "base_image",
                if: base.registry.nonEmpty == nil && base.builder.map { $0.hasSameBytes(as: "noop") } != true,
                "it pulls base images only from registries, and the base spec has no registry",
                fix: "set registry in it")
        }
        return problems + envdCudaProblems
    }

    /// envd takes an image of NVIDIA's, by versions that are parts of its tag.
    private var envdCudaProblems: [ImageSpecError] {
        var problems: [ImageSpecError] = []
        for (field, text) in [("cuda", cuda), ("cudnn", cudnn)] {
            if let text = text.nonEmpty, let problem = TextRule.cudaVersion.problem(text) {
                problems.append(.invalidText(field, text, problem))
            }
        }
        if cuda.nonEmpty != nil {
            if pythonVersion.nonEmpty == nil {
                problems.append(
                    .unsupportedByEnvd(
                        "cuda", "its CUDA image has no Python", fix: "set python_version too"))
            }
            if let baseImage, baseImage != .reference("") {
                problems.append(
                    .unsupportedBeside(
                        "cuda", "base_image", "envd uses its own base image", fix: "remove one of them"))
            }
        } else if cudnn.nonEmpty != nil {
            problems.append(.unsupportedByEnvd("cudnn", "it is installed with cuda", fix: "set cuda too"))
        }
        return problems
    }
}

extension ImageSpecError {
    fileprivate static func unsupportedByEnvd(
        _ field: String, _ reason: String, fix: ImageSpecError.Fix?
    ) -> ImageSpecError {
        ImageSpecError(.unsupportedField, field: field, "not supported by envd: \(reason)", fix: fix)
    }
}
