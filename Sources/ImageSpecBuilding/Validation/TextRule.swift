// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What the text of a field must be: one small rule each, and the table of which field obeys which.
struct TextRule: Sendable {
    /// Returns what is wrong with a text; nil if it obeys the rule.
    let problem: @Sendable (String) -> TextProblem?
    /// Whether a text that breaks the rule holds something that no message may show.
    var isCredential = false

    init(isCredential: Bool = false, _ problem: @escaping @Sendable (String) -> TextProblem?) {
        self.problem = problem
        self.isCredential = isCredential
    }

    /// A rule that all bytes, or the text, obey.
    private static func requires(
        _ reason: String, fix: ImageSpecError.Fix? = nil, _ isAllowed: @escaping @Sendable (String) -> Bool
    ) -> TextRule {
        TextRule { isAllowed($0) ? nil : TextProblem(reason: reason, fix: fix) }
    }
}

// MARK: rules

extension TextRule {
    static let notEmpty = TextRule { text in
        guard text.utf8.allSatisfy(\.isASCIIWhiteSpace) else { return nil }
        return TextProblem(reason: text.isEmpty ? "is empty" : "is blank", fix: "remove it")
    }

    static let noNUL = requires("contains a NUL byte", fix: "remove it") {
        !$0.utf8.contains(0)
    }

    /// For values that may hold every other character.
    static let lineBreak = requires("contains a line break or a NUL byte", fix: "write it on one line") {
        text in
        !text.utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 }
    }

    static let noControls = requires(
        "contains a line break, a tab or another control character", fix: "remove it"
    ) {
        text in
        !text.utf8.contains(where: \.isASCIIControl)
    }

    static let noSpace = requires("contains a space", fix: "remove it, or write it as %20 in a URL") {
        !$0.utf8.contains(0x20)
    }

    /// Programs would take it for an option.
    static let noOption = requires("begins with \"-\"", fix: "write options for pip in pip_extra_args") {
        $0.utf8.first != UInt8(ascii: "-")
    }

    static let noCredential = TextRule(isCredential: true) { text in
        hasCredential(text) ? TextProblem(reason: "contains a credential", fix: nil) : nil
    }

    /// For indexes, whose user info is not part of the tag.
    static let noUserInfo = TextRule(isCredential: true) { text in
        URLUserInfo.isPresent(in: text) ? TextProblem(reason: "contains user info", fix: nil) : nil
    }

    static let quotes = requires("has an unclosed quote", fix: "close it") { ArgumentText.words($0) != nil }

    /// Between words a line break is white space as any other; in one it would break the instruction's line.
    static let plainWords = requires(
        "contains a line break or another control character within quotes", fix: "remove it"
    ) { text in
        (ArgumentText.words(text) ?? []).allSatisfy { word in !word.utf8.contains { $0 < 0x20 || $0 == 0x7F }
        }
    }

    static let absolute = requires("is not an absolute path", fix: "use its absolute path in the base image")
    {
        Path.isAbsolute($0) && $0.utf8.last != UInt8(ascii: "/")
    }

    static let pythonVersion = requires(
        "is not a valid Python version", fix: "write it as \"3.12\" or \"3.12.4\""
    ) {
        text in
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (2...3).contains(parts.count)
            && parts.allSatisfy {
                (1...3).contains($0.count) && $0.allSatisfy(\.isASCIIDigit)
                    && ($0.count == 1 || $0.first != UInt8(ascii: "0"))
            }
            && (parts[0].elementsEqual("2".utf8) || parts[0].elementsEqual("3".utf8))
    }

    static let cudaVersion = requires("is not a valid version", fix: "write it as \"11.2.2\" or \"8\"") {
        text in
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count <= 4
            && parts.allSatisfy { (1...4).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) }
    }

    /// `name[:architecture][=version|/release]`; no version of Debian allows more.
    static let aptPackage = requires(
        "is not a valid Debian package name",
        fix: "use a name such as \"git\", or \"libc6=2.36-9\" with a version"
    ) {
        text in
        let name = text.utf8.prefix {
            $0.isASCIILowercaseLetter || $0.isASCIIDigit || "+.-".utf8.contains($0)
        }
        guard let first = name.first, first.isASCIILowercaseLetter || first.isASCIIDigit,
            let last = name.last, last != UInt8(ascii: "-")
        else { return false }
        var rest = text.utf8.dropFirst(name.count)
        if rest.first == UInt8(ascii: ":") {
            let architecture = rest.dropFirst().prefix {
                $0.isASCIILowercaseLetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-")
            }
            if architecture.isEmpty { return false }
            rest = rest.dropFirst(1 + architecture.count)
        }
        guard let separator = rest.first else { return true }
        let version = rest.dropFirst()
        return (separator == UInt8(ascii: "=") || separator == UInt8(ascii: "/")) && !version.isEmpty
            && version.allSatisfy { $0.isASCIILetterOrDigit || "+.:~-".utf8.contains($0) }
    }

    /// No valid reference has a character that the Dockerfile would read for itself.
    static let imageReference = TextRule { text in
        if (try? ImageSpec.ImageReference(parsing: text)) != nil { return nil }
        let advice: ImageSpecError.Fix =
            if let scheme = ["https://", "http://", "docker://"].first(where: text.hasPrefix) {
                "remove \"\(scheme)\""
            } else if (try? ImageSpec.ImageReference(parsing: text.asciiLowercased)) != nil {
                "write the name in lower case"
            } else {
                "use a reference such as \"ghcr.io/acme/base:1\""
            }
        return TextProblem(reason: "is not a valid image reference", fix: advice)
    }

    static let mountTarget = requires(
        "must be the path of a file, absolute or relative to /root, without \"..\", spaces, quotes, commas, '$', '\\' or "
            + "control characters"
    ) { text in
        let path = Path.lexicallyNormalized(text)
        return !text.isEmpty && text.utf8.last != UInt8(ascii: "/") && path != "."
            && !path.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
            && !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F || "\"',$\\".utf8.contains($0) }
            && text.unicodeScalars.allSatisfy { !$0.properties.isWhitespace }
    }

    /// Where building itself has something.
    static let ownPlace = requires("is reserved by the build", fix: "choose another path") { text in
        let path = Path.lexicallyNormalized(text)
        let own = [
            RenderingConstants.uv, RenderingConstants.micromamba, RenderingConstants.certificates,
            RenderingConstants.cache, RenderingConstants.virtualEnvironment, RenderingConstants.condaRoot,
        ]
        return !own.contains { path.hasSameBytes(as: $0) || path.utf8.starts(with: ($0 + "/").utf8) }
            && !path.utf8.starts(with: "/tmp/requirements-".utf8)
    }

    /// Whether a text is a URL with credentials, or contains one.
    private static func hasCredential(_ text: String) -> Bool {
        func hasSecret(_ range: Range<String.Index>) -> Bool {
            let start = text.utf8.distance(from: text.startIndex, to: range.lowerBound)
            let end = text.utf8.distance(from: text.startIndex, to: range.upperBound)
            return URLUserInfo.isSecret(start..<end, in: Array(text.utf8))
        }
        return URLUserInfo.range(in: text).map(hasSecret) ?? false || URLUserInfo.hasSecret(Array(text.utf8))
    }
}

// MARK: which field obeys which

extension TextRule {
    /// The texts of one field, and its rules. A text is reported for the first rule that it breaks.
    struct Row: Sendable {
        let field: String
        let texts: @Sendable (ImageSpec) -> [String]
        let isList: Bool
        let rules: [TextRule]

        init(
            _ field: String, list: @escaping @Sendable (ImageSpec) -> [String]?, _ rules: [TextRule]
        ) {
            self.field = field
            texts = { list($0) ?? [] }
            isList = true
            self.rules = rules
        }

        init(
            _ field: String, text: @escaping @Sendable (ImageSpec) -> String?, _ rules: [TextRule]
        ) {
            self.field = field
            texts = { text($0).nonEmpty.map { [$0] } ?? [] }
            isList = false
            self.rules = rules
        }

        func problems(of spec: ImageSpec) -> [ImageSpecError] {
            texts(spec).enumerated().compactMap { index, text in
                let place = isList ? "\(field)[\(index)]" : field
                for rule in rules {
                    guard let problem = rule.problem(text) else { continue }
                    if rule.isCredential { return .credential(place) }
                    return .invalidText(place, TextRule.hasCredential(text) ? nil : text, problem)
                }
                return nil
            }
        }
    }

    static let table: [Row] = [
        Row("python_version", text: \.pythonVersion, [pythonVersion]),
        Row("packages", list: \.packages, [notEmpty, noCredential, noControls, noOption]),
        Row("conda_packages", list: \.condaPackages, [notEmpty, noCredential, noControls, noOption]),
        Row(
            "conda_channels", list: \.condaChannels, [notEmpty, noUserInfo, noControls, noSpace, noOption]),
        Row("requirements", text: \.requirements, [noControls]),
        Row("apt_packages", list: \.aptPackages, [aptPackage]),
        Row("base_image", text: \.baseReference, [imageReference]),
        Row("platform", text: \.declaredPlatform, [TextRule { KnownPlatforms.problem($0) }]),
        Row("pip_index", text: \.pipIndex, [notEmpty, noUserInfo, noControls, noSpace, noOption]),
        Row(
            "pip_extra_index_url", list: \.pipExtraIndexURLs,
            [notEmpty, noUserInfo, noControls, noSpace, noOption]),
        Row("pip_extra_args", text: \.pipExtraArgs, [noCredential, noNUL, quotes, plainWords]),
        Row("entrypoint", list: \.entrypoint, [noNUL]),
        Row("commands", list: \.commands, [notEmpty, noNUL, commandStart]),
        Row("copy", list: \.copy, [noControls]),
        Row("python_exec", text: \.pythonExec, [noControls, absolute]),
    ]

    private static let commandStart = requires(
        "begins with \"-\"", fix: "a command must begin with the name of a program"
    ) {
        $0.utf8.first != UInt8(ascii: "-")
    }
}

extension ImageSpec {
    /// The base image, where it is given by its reference.
    fileprivate var baseReference: String? {
        if case .reference(let reference) = baseImage { reference } else { nil }
    }
}
