// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// `builder_config`: the tools that the rendered Dockerfile uses, and what their versions and arguments have to be.

extension ImageSpec {
    /// The keys, and the rule of each one's text.
    private static let configuration: [(key: String, what: String, rule: TextRule)] = [
        ("uv_image", "an image reference", .imageReference),
        ("micromamba_image", "an image reference", .imageReference),
        ("poetry", "a version", .toolVersion),
    ]

    var builderConfigurationProblems: [ImageSpecError] {
        (builderConfig ?? [:]).compactMap { key, value in
            guard let known = Self.configuration.first(where: { $0.key.hasSameBytes(as: key) }) else {
                return .unknownBuilderConfiguration(key, known: Self.configuration.map(\.key))
            }
            switch value {
            case .null: return nil
            case .string(let text):
                return (TextRule.notEmpty.problem(text) ?? known.rule.problem(text)).map {
                    .invalidText("builder_config." + key, text, $0)
                }
            default:
                return .invalidText("builder_config." + key, nil, "expected \(known.what), as a string")
            }
        }
    }

    /// Of a spec whose requirements are a `poetry.lock`.
    var poetryProblems: [ImageSpecError] {
        // Of other versions it is not known here what they run on.
        guard builderText("poetry") == nil, let minor = pythonMinor,
            minor < RenderingConstants.firstPythonOfPoetry
        else { return [] }
        return [.poetryNeedsPython(minor)]
    }

    /// The minor version of a valid `python_version`.
    private var pythonMinor: Int? {
        guard let version = pythonVersion.nonEmpty, TextRule.pythonVersion.problem(version) == nil else {
            return nil
        }
        let numbers = version.utf8.split(separator: UInt8(ascii: "."))
        return Int(String(decoding: numbers[1], as: UTF8.self))
    }
}

extension TextRule {
    /// The release of a tool on PyPI.
    static let toolVersion = TextRule { text in
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isVersion =
            (2...4).contains(parts.count)
            && parts.allSatisfy { (1...4).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) }
        return isVersion
            ? nil : TextProblem(reason: "is not a valid version", fix: "use a version such as \"2.2.1\"")
    }
}

extension ImageSpecError {
    static func poetryNeedsPython(_ minor: Int) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "requirements",
            "\(RenderingConstants.poetry) does not run on Python 3.\(minor)",
            fix:
                "set builder_config.poetry to a version that does, such as \"2.2.1\" on Python 3.9, or use a later python_version"
        )
    }
}
