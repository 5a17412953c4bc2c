// SPDX-License-Identifier: Apache-2.0

public import ImageSpec
internal import ImageSpecBuilding

extension ImageSpec {
    /// Checks that a spec can be named, rendered and built by the builders of `BuildEngine.containers()`, as far as the spec and
    /// the files of this machine tell.
    ///
    /// Checks what ``validate(in:)`` checks, and what only builds need: the builder, its options, `registry_config`, the platforms
    /// of bases, and the files of `pip_secret_mounts`. Asks no engine and no registry, so packages and images may still be missing.
    /// `imagespec check` does the same, and also reads the copied files.
    /// - Throws: all problems in one error: the code of the first one, and one message per line.
    public func validateBuild(in context: Context = .current) throws(ImageSpecError) {
        let problems = problems(in: context) + buildProblems(in: context)
        if let error = ImageSpecError(problems: problems) { throw error }
    }

    /// What keeps a spec, or one that it is based on, from being built by the builders of this package, as far as the specs
    /// and the files of this machine tell: an unknown builder, builder options, `registry_config`.
    ///
    /// Naming and rendering need none of it, and ``problems(in:)`` has the rest. No engine and no registry is asked. A spec with
    /// a registry counts as one that is pushed.
    package func buildProblems(in context: Context) -> [ImageSpecError] {
        let known = BuildEngine.containers(policy: BuildPolicy()).builderNames
        return ([self] + specBases).enumerated().flatMap { level, spec in
            spec.ownBuildProblems(in: context.forFiles(of: spec), known: known).map {
                $0.inBaseImage(levels: level)
            }
        }
    }

    private func ownBuildProblems(in context: Context, known: [String]) -> [ImageSpecError] {
        let builder = builder.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
        guard known.contains(where: { $0.utf8.elementsEqual(builder.utf8) }) else {
            return [.builderNotRegistered(builder, known: known)] + ContainerOptions.read(self).problems
        }
        do throws(ImageSpecError) {
            switch builder {
            case Self.envdBuilderName: _ = try RegistryConfiguration.envdFile(of: self, in: context)
            case "default":
                let name = name.flatMap { $0.isEmpty ? nil : $0 } ?? "flytekit"
                let isPushed = registry.map { !$0.isEmpty } ?? false
                return RequestCheck(spec: self, imageName: name, in: context, isPushed: isPushed, nil)
                    .problems
            // Builds nothing, so that it has no options.
            default: _ = try noopImage
            }
            return []
        } catch {
            return [error]
        }
    }
}
