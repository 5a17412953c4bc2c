// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// The image name before the tag, in lower case. Not validated.
    package var repository: String {
        let name = (name.nonEmpty ?? "flytekit").asciiLowercased
        guard let registry = registry.nonEmpty else { return name }
        return registry.asciiLowercased + "/" + name
    }

    /// The problem of the repository. The most frequent mistakes get a message that names the field and the right value.
    var repositoryProblem: ImageSpecError? {
        let repository = repository
        guard let problem = ImageReference.Grammar.problem(inName: repository) else { return nil }
        func isRight(_ spec: ImageSpec) -> Bool {
            ImageReference.Grammar.problem(inName: spec.repository) == nil
        }
        if let registry, registry.utf8.last == UInt8(ascii: "/") {
            let bare = Path.withoutTrailingSlashes(registry)
            if isRight(withRegistry(bare)) { return .slashAfterRegistry(registry, bare) }
        }
        // The text before an @ may be a password.
        if let name, !name.contains("@"), let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") {
            let bare = String(name[..<colon])
            if !bare.isEmpty, isRight(withName(bare)) { return .tagInName(name, tag: String(name[colon...])) }
        }
        return .invalidImageName(repository, problem)
    }
}
