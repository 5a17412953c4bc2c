// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

// What of `packages`, `requirements` and `pip_extra_args` cannot be installed. None of this enters a name: a spec that is
// refused keeps its id and tag.

extension ImageSpec {
    /// The problems of the members of `packages` that are texts which a requirement may be.
    func packageProblems(for installer: PackageInstaller) -> [ImageSpecError] {
        let plain: [TextRule] = [.notEmpty, .noCredential, .noControls, .noOption]
        let needs = SystemNeeds(of: self)
        return (packages ?? []).enumerated().compactMap { index, text in
            guard plain.allSatisfy({ $0.problem(text) == nil }) else { return nil }
            let field = "packages[\(index)]"
            do throws(RequirementProblem) {
                // Options follow requirements in files only.
                let requirement = try Requirement(text, for: installer)
                if case .local = requirement.source, baseImage == nil { return .localPackage(field, text) }
                try needs.check(requirement, text: text)
                return nil
            } catch {
                return .invalidPackage(field, text, error)
            }
        }
    }

    /// The problems of the files that `requirements` stands for, and of the arguments beside them.
    func requirementProblems(
        _ files: RequirementFiles, for installer: PackageInstaller
    ) -> [ImageSpecError] {
        switch files.kind {
        case .pip: PipFilesCheck(files, of: self, for: installer).problems
        // envd knows no lock files, and a rule of its own says so.
        case .uvLock, .poetryLock: installer == .pip ? [] : LockFileCheck(files, of: self).problems
        }
    }
}
