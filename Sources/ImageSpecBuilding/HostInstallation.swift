// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// What a spec asks of uv that must not happen on the machine that makes the image: running programs of packages, reading its
/// files or its variables.
///
/// Only wheels are unpacked there. In a container, a package may do what it likes.
package struct HostInstallation {
    private let spec: ImageSpec

    package init(of spec: ImageSpec) { self.spec = spec }

    /// The fields that require a container, with the reason: completes a sentence that begins with the field.
    package var problems: [(field: String, reason: String)] {
        let packages = (spec.packages ?? []).enumerated().compactMap { index, text in
            Self.problem(ofRequirement: text).map { ("packages[\(index)]", $0) }
        }
        let arguments = Set(argumentsForContainers).sorted().map { ("pip_extra_args", "has \($0)") }
        return packages + arguments
    }

    /// The same for files, of which the first line is enough.
    package static func problem(in requirements: RequirementFiles?) -> String? {
        guard let requirements, requirements.kind == .pip else { return nil }
        for file in requirements.files {
            for line in file.bytes.split(separator: UInt8(ascii: "\n")) {
                let text = String(decoding: line, as: UTF8.self)
                if let problem = problem(ofLine: text) { return "has a line in \(file.name) that \(problem)" }
            }
        }
        return nil
    }

    static func problem(ofLine text: String) -> String? {
        switch try? RequirementLine(text, for: .uv) {
        case .editable: "installs a project in editable mode"
        case .option(let option) where option.name == "--no-binary": "has --no-binary"
        case .option(let option) where option.name == "--only-binary" && option.value.contains(":none:"):
            "has --only-binary :none:"
        default: problem(ofRequirement: text)
        }
    }

    private static func problem(ofRequirement text: String) -> String? {
        if text.contains("${") { return "uses a variable" }
        if text.contains("git+") { return "is installed from a git repository" }
        return nil
    }

    // MARK: pip_extra_args

    /// Options that select versions, packages and indexes, or only change what uv prints.
    private static let flags: Set = [
        "--all-extras", "--all-groups", "--color", "--deps", "--dev", "--disable-pip-version-check",
        "--no-all-extras", "--no-build", "--no-color", "--no-config", "--no-default-groups", "--no-deps",
        "--no-dev", "--no-index", "--no-progress", "--no-sources", "--no-strict", "--no-upgrade",
        "--no-verify-hashes", "--only-binary", "--pre", "--preview", "--quiet", "--refresh", "--reinstall",
        "--require-hashes", "--strict", "--upgrade", "--verbose", "--verify-hashes", "--native-tls",
        "--system-certs", "--no-editable", "--no-cache", "--no-cache-dir",
    ]
    private static let valued: Set = [
        "--allow-insecure-host", "--exclude-newer", "--exclude-newer-package", "--extra", "--fork-strategy",
        "--group", "--index-strategy", "--no-build-package", "--no-extra", "--no-group",
        "--no-install-package", "--no-sources-package", "--only-binary", "--only-group", "--prerelease",
        "--prerelease-package", "--preview-features", "--refresh-package", "--reinstall-package",
        "--resolution", "--trusted-host", "--upgrade-package",
    ]

    private var argumentsForContainers: [String] {
        let words = spec.pipExtraArgs.nonEmpty.flatMap(ArgumentText.words) ?? []
        let isLock = spec.requirements?.split(separator: "/").last == "uv.lock"
        let options: InstallerOptions = isLock ? .uvSync : .uvPipInstall
        return InstallerArgument.read(words, by: options).compactMap { argument in
            let value = argument.value ?? ""
            guard let name = argument.name else {
                return Self.problem(ofRequirement: argument.word).map { "a package that \($0)" }
            }
            if value.contains("${") { return "a variable" }
            if InstallerOptions.indexes.contains(name) {
                // An index may have a name, as in "torch=https://…".
                let isRemote = value.contains("https://") || value.contains("http://")
                return isRemote && !value.contains("file:") ? nil : name
            }
            if name == "--only-binary" { return value.contains(":none:") ? "\(name) :none:" : nil }
            return Self.flags.contains(name) || Self.valued.contains(name) ? nil : name
        }
    }
}
