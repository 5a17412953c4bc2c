// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

extension ImageSpec {
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
            return [.builderNotRegistered(builder, known: known)]
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
