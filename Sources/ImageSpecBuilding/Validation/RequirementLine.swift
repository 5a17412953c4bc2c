// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What a logical line of a requirements file says.
enum RequirementLine: Equatable, Sendable {
    case requirement(Requirement, hashes: [String])
    /// Another file. Its name was checked when the files were read.
    case include(isConstraint: Bool)
    /// A project that is installed in place; what follows the option.
    case editable(String)
    case option(RequirementOption)

    /// Reads a line.
    init(_ text: String, for installer: PackageInstaller) throws(RequirementProblem) {
        if text.utf8.first == UInt8(ascii: "-") {
            self = try Self.option(text, for: installer)
        } else {
            let (requirement, options) = Self.split(text)
            let hashes = try Self.hashes(options, for: installer)
            self = .requirement(try Requirement(requirement, for: installer), hashes: hashes)
        }
    }

    /// The requirement, and the options that follow it.
    private static func split(_ text: String) -> (requirement: String, options: String) {
        let bytes = Array(text.utf8)
        for index in bytes.indices.dropFirst() where bytes[index - 1].isASCIIWhiteSpace {
            if bytes[index...].starts(with: "--".utf8) {
                return (
                    String(decoding: bytes[..<index], as: UTF8.self).trimmingSpace,
                    String(decoding: bytes[index...], as: UTF8.self)
                )
            }
        }
        return (text, "")
    }

    private static func hashes(
        _ options: String, for installer: PackageInstaller
    ) throws(RequirementProblem) -> [String] {
        var hashes: [String] = []
        var words = options.split(whereSeparator: \.isWhitespace).map(String.init)[...]
        while let word = words.popFirst() {
            let sides = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.first == "--hash" else {
                // pip has options of one requirement, and reads those of others without using them.
                if installer == .pip { return hashes }
                throw Self.notOfRequirement(sides.first ?? word)
            }
            let value = sides.count > 1 ? sides[1] : words.popFirst() ?? ""
            guard !value.isEmpty else {
                throw RequirementProblem(
                    "has no hash after \"--hash\"", fix: "write \"--hash=sha256:\" and 64 hexadecimal digits")
            }
            if installer == .uv { try RequirementHash.check(value) }
            hashes.append(value)
        }
        return hashes
    }

    private static func notOfRequirement(_ option: String) -> RequirementProblem {
        let fix: ImageSpecError.Fix =
            switch option {
            case "--only-binary", "--no-binary":
                "write it on a line of its own, as in \"\(option) numpy\""
            case "--config-settings", "--config-setting", "--global-option", "--build-option":
                "write \"--config-setting KEY=VALUE\" in pip_extra_args"
            default: "write it on a line of its own, or in pip_extra_args"
            }
        return RequirementProblem(
            "contains the option \"\(option.shortened(to: 40))\" after the requirement, which uv does not support",
            fix: fix)
    }

    private static func option(_ text: String, for installer: PackageInstaller) throws(RequirementProblem)
        -> RequirementLine
    {
        let option = try RequirementOption.Line(text, for: installer)
        switch option.name {
        case "-r", "--requirement": return .include(isConstraint: false)
        case "-c", "--constraint": return .include(isConstraint: true)
        case "-e", "--editable":
            try checkEditable(option.value, for: installer)
            return .editable(option.value)
        default: return .option(try RequirementOption(option, for: installer))
        }
    }

    /// uv edits directories only.
    private static func checkEditable(
        _ target: String, for installer: PackageInstaller
    ) throws(RequirementProblem) {
        guard !target.isEmpty else {
            throw RequirementProblem("names no project", fix: "write its directory, or remove the line")
        }
        if installer == .pip || target.hasPrefix("${") { return }
        guard target.contains("://"), !LocalRequirement.isLocal("-e " + target) else { return }
        throw RequirementProblem(
            "installs from a URL in editable mode, which uv does not support",
            fix: "remove \"-e\", and write \"NAME @ \" before the URL instead of \"#egg=…\"")
    }
}
