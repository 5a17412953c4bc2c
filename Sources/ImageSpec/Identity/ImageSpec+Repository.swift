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
        guard let problem = ImageReference.Grammar.problem(inName: repository) else { return portProblem }
        func isRight(_ spec: ImageSpec) -> Bool {
            ImageReference.Grammar.problem(inName: spec.repository) == nil
        }
        if let registry = registry.nonEmpty {
            if let end = registry.utf8.firstRange(of: "://".utf8) {
                let scheme = String(registry[..<end.upperBound])
                return .schemeInRegistry(registry, scheme)
            }
            // What is in front of it may be a password.
            if registry.utf8.contains(UInt8(ascii: "@")) { return .credentialsInRegistry }
            if registry.utf8.last == UInt8(ascii: "/") {
                let bare = Path.withoutTrailingSlashes(registry)
                if isRight(withRegistry(bare)) { return .slashAfterRegistry(registry, bare) }
            }
        }
        // The text before an @ may be a password.
        if let name = name.nonEmpty, !name.contains("@") {
            if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") {
                let bare = String(name[..<colon])
                if !bare.isEmpty, isRight(withName(bare)) {
                    return .tagInName(name, tag: String(name[colon...]))
                }
            }
            if name.contains(" ") {
                let bare = name.split(separator: " ").joined(separator: "-").asciiLowercased
                if isRight(withName(bare)) { return .spaceInName(name, bare) }
            }
        }
        // With a right registry, the name must be wrong.
        let isOfName = registry.nonEmpty == nil || isRight(withName("a"))
        return .invalidImageName(repository, problem, field: isOfName ? "name" : "registry")
    }

    /// All problems of the repository: that of the registry does not hide that of the name.
    package var repositoryProblems: [ImageSpecError] {
        guard let problem = repositoryProblem else { return [] }
        guard problem.problems[0].field == "registry", let other = withRegistry(nil).repositoryProblem else {
            return [problem]
        }
        return [problem, other]
    }

    /// A port that is a number, but not one of a port.
    private var portProblem: ImageSpecError? {
        guard let host = registry.nonEmpty?.split(separator: "/").first, !host.hasSuffix("]"),
            let colon = host.lastIndex(of: ":")
        else { return nil }
        let port = host[host.index(after: colon)...]
        return Int(port).map((1...65_535).contains) ?? false ? nil : .portOutOfRange(String(port))
    }
}
