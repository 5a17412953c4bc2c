// SPDX-License-Identifier: Apache-2.0

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding
@testable import ImageSpecDiff
@testable import ImageSpecFlytekit
@testable import ImageSpecYAML

extension Fuzzer {
    /// The readers of files, fields and responses.
    static let readers: [Fuzzer] = [
        Fuzzer(name: "json") { input in
            guard let value = try? ImageSpec.JSONValue(json: input) else { return }
            let canonical = value.canonicalForm
            guard let again = try? ImageSpec.JSONValue(json: canonical) else {
                return require(false, "the canonical form of a value is JSON")
            }
            require(again.canonicalForm == canonical, "the canonical form of a canonical form is the same")
        },
        Fuzzer(name: "yaml") { input in
            guard let value = try? ImageSpec.JSONValue(yaml: input) else { return }
            require(
                (try? ImageSpec.JSONValue(json: value.canonicalForm)) != nil, "a YAML value is a JSON value")
        },
        Fuzzer(name: "toml") { input in
            if let text = text(input) { _ = try? TOMLReader.read(text) }
            for hasTOML11 in [false, true] { _ = try? TOMLReader.read(input, hasTOML11: hasTOML11) }
        },
        Fuzzer(name: "requirements") { input in
            let requirements = PipRequirements(input, path: "r.txt")
            guard let lines = try? requirements.logicalLines() else { return }
            for line in lines {
                _ = try? requirements.included(by: line)
                guard let text = text(line.text) else { continue }
                for installer in [PackageInstaller.uv, .pip] {
                    _ = try? RequirementLine(text, for: installer)
                }
            }
            // The lines of the tag are read as the same lines, but where an end that was taken away made a difference:
            // `\` before white space does not continue a line, and only the file's first byte order mark is one.
            let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
            if lines.first?.text.starts(with: byteOrderMark) == true { return }
            if lines.contains(where: { $0.text.last == UInt8(ascii: "\\") }) { return }
            let joined = lines.flatMap { $0.text + [UInt8(ascii: "\n")] }
            let again = try? PipRequirements(joined, path: "r.txt").logicalLines()
            require(again?.map(\.text) == lines.map(\.text), "logical lines are stable")
        },
        Fuzzer(name: "marker") { input in
            guard let text = text(input) else { return }
            for installer in [PackageInstaller.uv, .pip] {
                _ = try? EnvironmentMarker(text, for: installer)
                _ = try? Requirement(text, for: installer)
            }
            _ = try? VersionSpecifier.list(text)
        },
        Fuzzer(name: "gitignore") { input in
            // A path, a NUL, and the patterns.
            let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(
                Array.init)
            guard parts.count == 2, let file = IgnoreFile.git(parts[1], path: ".gitignore") else { return }
            match(parts[0], file)
        },
        Fuzzer(name: "dockerignore") { input in
            let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(
                Array.init)
            guard parts.count == 2,
                let file = try? IgnoreFile.docker(parts[1], path: ".dockerignore") ?? nil
            else { return }
            match(parts[0], file)
        },
        Fuzzer(name: "reference") { input in
            guard let text = text(input), let reference = try? ImageSpec.ImageReference(parsing: text) else {
                return
            }
            let again = try? ImageSpec.ImageReference(parsing: reference.description)
            require(again == reference, "a reference is read as it is written: \(reference)")
        },
        Fuzzer(name: "tag-format") { input in
            guard let text = text(input) else { return }
            let digest = String(repeating: "0123456789abcdef", count: 4)
            if let tag = try? TagFormat(text).tag(specHash: digest) {
                require(
                    (1...128).contains(tag.utf8.count)
                        && tag.utf8.allSatisfy { $0.isASCIILetterOrDigit || "._-".utf8.contains($0) },
                    "a tag has at most 128 of these characters: \(tag)")
            }
            _ = try? FlytekitTagFormat.tag(text, specHash: digest)
        },
        Fuzzer(name: "arguments") { input in
            guard let text = text(input), let words = ArgumentText.words(text) else { return }
            // There are no escapes, so a single quote is in double quotes. By bytes, because of combining characters.
            let quoted = words.map { word in
                let parts = word.utf8.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false)
                return "'" + parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "'\"'\"'")
                    + "'"
            }.joined(separator: " ")
            require(ArgumentText.words(quoted) == words, "quoted words are the same words")
        },
        Fuzzer(name: "lock-file") { input in
            let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(
                Array.init)
            guard parts.count == 2 else { return }
            for hasTOML11 in [true, false] {
                guard let lock = try? TOMLReader.read(parts[0], hasTOML11: hasTOML11),
                    let project = try? TOMLReader.read(parts[1], hasTOML11: hasTOML11)
                else { continue }
                let name = hasTOML11 ? "uv.lock" : "poetry.lock"
                let locked = LockedProject(
                    spec: ImageSpec(requirements: name), project: project,
                    projectFile: .init(name: "pyproject.toml", bytes: parts[1], raw: parts[1]), lock: lock,
                    lockFile: .init(name: name, bytes: parts[0], raw: parts[0]))
                _ = hasTOML11 ? UvLockCheck(locked).problems : PoetryLockCheck(locked).problems
            }
        },
        Fuzzer(name: "snapshot") { input in
            guard let snapshot = try? ImageSpec.Snapshot(json: input) else { return }
            require(
                (try? ImageSpec.Snapshot(json: Array(snapshot.json.utf8))) != nil, "a snapshot can be read")
            let diff = ImageSpec.Diff(from: snapshot, to: snapshot)
            require(diff.changes.isEmpty, "a snapshot is equal to itself")
        },
        Fuzzer(name: "challenge") { input in
            guard let text = text(input) else { return }
            _ = AuthenticationChallenge.all(in: text.split(separator: "\n").map(String.init))
        },
        Fuzzer(name: "credentials") { input in
            guard let file = try? DockerConfigFile(input, name: "config.json") else { return }
            _ = file
            if let text = text(input) { _ = CredentialKey(key: text) }
        },
    ]

    /// A pattern decides the same with a small budget of states.
    private static func match(_ path: [UInt8], _ file: IgnoreFile) {
        var verdicts: [String] = []
        for budget in [2 << 20, 1] {
            let matcher = IgnoreMatcher(budget: budget)
            var scope = IgnoreScope([file])
            var found = ""
            for name in path.split(separator: UInt8(ascii: "/")) {
                matcher.begin(scope)
                Array(name).withUnsafeBytes { name in
                    for isFolder in [false, true] {
                        switch matcher.verdict(name, isFolder: isFolder) {
                        case .include: found += "i"
                        case .exclude(_, let rule): found += "x\(rule)"
                        case .excludeButDescend(_, let rule): found += "d\(rule)"
                        }
                    }
                    scope = matcher.scope(entering: name)
                }
            }
            verdicts.append(found)
        }
        require(verdicts[0] == verdicts[1], "the budget of states changes no verdict")
    }
}
