// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

// The sentences of build engines.

extension ImageSpecError {
    package static func builderNotRegistered(_ name: String, known: [String]) -> ImageSpecError {
        let names = known.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        // The default builder of ImageSpecContainers runs them.
        let engines = ["docker", "podman", "buildah", "buildctl", "buildkit", "builtin"]
        let nearest = Suggestion.nearest(to: name, among: known + engines)
        let advice: Fix =
            if let nearest, engines.contains(nearest) {
                Fix("remove builder, and set the option engine of builder_options", action: .chooseEngine)
            } else {
                nearest.map { "did you mean \"\($0)\"?" }
                    ?? "remove builder, or use one of these; programs can register others"
            }
        return ImageSpecError(
            .builderNotRegistered, field: "builder",
            "\"\(name.shortened)\" is not registered (registered: \(names))", fix: advice)
    }

    static var noDefaultBuilder: ImageSpecError {
        ImageSpecError(
            .builderNotRegistered, field: "builder",
            "not set, and this engine has no builder for such specs",
            fix:
                "use BuildEngine.containers() of ImageSpecContainers, register a builder, or set builder to \"noop\" to use the base image as it is"
        )
    }

    static func existenceUnknown(
        _ imageName: String, _ reason: String, failsFast: Bool
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, "cannot determine whether \(imageName) exists: \(reason.shortened(to: 600))",
            fix: failsFast
                ? "unset FLYTE_IMG_FAST_FAIL to continue without this check"
                : Fix(
                    "set assumesExists in the BuildPolicy to assume that it exists, or isForcePush to build it anyway",
                    action: .assumeExists))
    }

    static func baseNotBuilt(
        _ imageName: String, base: String, underlying: any Error
    ) -> ImageSpecError {
        ImageSpecError(
            .baseNotBuilt, about: imageName, "not built: the build of its base image \(base) failed",
            underlying: underlying)
    }

    /// The error with the image, for programs that failed and do not say it.
    func ofFailedImage(_ imageName: String) -> ImageSpecError {
        ImageSpecError(
            problems: problems.map { problem in
                guard problem.code == .toolFailed, problem.locations.isEmpty else { return problem }
                return problem.inside(Location(subject: imageName))
            }) ?? self
    }
}
