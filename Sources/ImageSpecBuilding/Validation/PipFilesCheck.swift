// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What the installer cannot take of a pip requirements file and the files that it includes.
struct PipFilesCheck {
    private(set) var problems: [ImageSpecError] = []

    private let files: RequirementFiles
    private let installer: PackageInstaller
    private let hasBase: Bool
    private let needs: SystemNeeds
    /// Files that constraints alone are in.
    private var constraintFiles: Set<ByteString> = []
    private var requiresHashes = false

    /// A file of another kind has a problem in each line; these are enough to see it.
    private static let limit = 8

    init(_ files: RequirementFiles, of spec: ImageSpec, for installer: PackageInstaller) {
        self.files = files
        self.installer = installer
        hasBase = spec.baseImage.map { $0 != .reference("") } ?? false
        needs = SystemNeeds(of: spec)
        let arguments = spec.pipExtraArgs.nonEmpty.flatMap(ArgumentText.words) ?? []
        requiresHashes = installer == .uv && arguments.contains("--require-hashes")
        for file in files.files where Self.hasCredential(file) {
            problems.append(.requirementCredential(file.name, nil))
        }
        if files.files.count == 1, RequirementFileFormat.isPylock(files.name.lowercased()), installer == .uv {
            return
        }
        findRoles()
        for file in files.files { check(file) }
        if requiresHashes, !(spec.packages ?? []).isEmpty { problems.append(.packagesWithoutHashes) }
    }

    /// Whether a URL contains credentials, or that of an index user info of any kind.
    private static func hasCredential(_ file: RequirementFiles.File) -> Bool {
        if URLUserInfo.hasSecret(file.bytes) { return true }
        return file.bytes.split(separator: UInt8(ascii: "\n")).contains { line in
            guard line.first == UInt8(ascii: "-"), line.contains(UInt8(ascii: "@")) else { return false }
            let text = String(decoding: line, as: UTF8.self)
            return InstallerOptions.indexes.contains(where: text.hasPrefix) && URLUserInfo.isPresent(in: text)
        }
    }

    // MARK: includes

    /// A file is one of constraints if `-r` does not lead to it from the main file.
    private mutating func findRoles() {
        var required: Set<ByteString> = []
        var waiting = [files.name]
        let known = Dictionary(files.files.map { (ByteString($0.name), $0) }) { first, _ in first }
        while let name = waiting.popLast() {
            guard let file = known[ByteString(name)], required.insert(ByteString(name)).inserted else {
                continue
            }
            for line in file.bytes.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "-")
            {
                let text = String(decoding: line, as: UTF8.self)
                guard text.hasPrefix("-r") || text.hasPrefix("--requirement") else { continue }
                let reader = PipRequirements([], path: name)
                guard let included = try? reader.included(by: .init(text: Array(line), number: 1)) else {
                    continue
                }
                waiting.append(Path.lexicallyNormalized(Path.join(Path.folder(of: name), included)))
            }
        }
        constraintFiles = Set(known.keys).subtracting(required)
        if installer == .uv {
            requiresHashes =
                requiresHashes
                || files.files.contains { file in
                    file.bytes.split(separator: UInt8(ascii: "\n")).contains {
                        $0.elementsEqual("--require-hashes".utf8)
                    }
                }
        }
    }

    // MARK: lines

    private mutating func check(_ file: RequirementFiles.File) {
        let lines = (try? PipRequirements(file.raw, path: file.name).logicalLines()) ?? []
        let texts = lines.map { String(decoding: $0.text, as: UTF8.self) }
        if let format = RequirementFileFormat.detect(name: file.name, lines: texts) {
            problems.append(.otherFormat(file.name, format.problem))
            return
        }
        let isConstraint = constraintFiles.contains(ByteString(file.name))
        var count = 0
        for (line, text) in zip(lines, texts) {
            guard let problem = problem(of: text, at: line.number, in: file, isConstraint: isConstraint)
            else { continue }
            count += 1
            problems.append(problem)
            if count == Self.limit { return }
        }
    }

    private func problem(
        of text: String, at number: Int, in file: RequirementFiles.File, isConstraint: Bool
    ) -> ImageSpecError? {
        // pip expands variables anywhere, so nothing is known of such a line.
        if installer == .pip, text.contains("${") { return nil }
        // The layout of the files refuses it.
        if text.hasSuffix("\\") { return nil }
        // Reported when the files were read.
        let line = PipRequirements.Line(text: Array(text.utf8), number: number)
        do { _ = try PipRequirements([], path: file.name).included(by: line) } catch { return nil }
        // Shown nowhere, and reported already.
        if URLUserInfo.hasSecret(Array(text.utf8)) { return nil }
        if !hasBase, LocalRequirement.isLocal(text), !isConstraint || !text.hasPrefix("-e") {
            return .localRequirement(file.name, number, text)
        }
        do throws(RequirementProblem) {
            switch try RequirementLine(text, for: installer) {
            case .requirement(let requirement, let hashes):
                try needs.check(requirement, text: text)
                if installer == .uv {
                    if isConstraint { try Self.checkConstraint(requirement) }
                    if requiresHashes, !isConstraint { try Self.checkPin(requirement, hashes) }
                }
            case .editable where isConstraint:
                throw RequirementProblem(
                    "is not a constraint", fix: "write the name of a package, and versions")
            case .option(let option):
                try needs.check(variablesOf: text)
                if !hasBase, option.isLocal { throw option.localProblem }
            case .include, .editable: try needs.check(variablesOf: text)
            }
            return nil
        } catch {
            return .invalidRequirement(file.name, number, text, error)
        }
    }

    private static func checkConstraint(_ requirement: Requirement) throws(RequirementProblem) {
        if requirement.name == nil {
            throw RequirementProblem(
                "is a constraint without the name of a package", fix: "write \"NAME @ \" before it")
        }
    }

    private static func checkPin(_ requirement: Requirement, _ hashes: [String]) throws(RequirementProblem) {
        // One that does not apply is not looked at.
        if requirement.marker != nil { return }
        var hasHash = !hashes.isEmpty
        switch requirement.source {
        case .index(let specifiers):
            let isPinned =
                specifiers.count == 1 && [.equal, .arbitrary].contains(specifiers[0].comparison)
                && !specifiers[0].isPrefix
            guard isPinned else {
                throw RequirementProblem(
                    "is not pinned, which --require-hashes requires",
                    fix: "write its version, as in \"==1.0\"")
            }
        case .url(let url):
            if url.fragment.contains(where: { RequirementHash.lengths[$0.name] != nil }) { hasHash = true }
        case .local, .variable: return
        }
        guard hasHash else {
            throw RequirementProblem(
                "has no hash, which --require-hashes requires",
                fix: "add one, as in \"--hash=sha256:…\"; \"uv pip compile --generate-hashes\" writes them")
        }
    }
}
