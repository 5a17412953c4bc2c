// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// The files in the directory that a spec is drafted for.
struct ProjectScan {
    /// Larger than any project file that a person writes.
    static let maximumSize = 1 << 20
    /// Requirements files with a hash for every archive are large.
    static let maximumRequirementsSize = 16 << 20

    let path: String
    let listing: FileSystem.Listing
    /// The last component of the real path.
    let name: String
    var pyproject: PythonProject?
    var conda: (file: String, environment: CondaEnvironment)?
    var dockerfile: DockerfileHints?
    /// The version in `.python-version`, if there is exactly one.
    var pythonVersionFile: String?
    var aptFile: (name: String, packages: [String])?
    /// Requirements files for pip, `requirements.txt` first.
    var requirementsFiles: [String] = []
    /// `uv.lock` and `poetry.lock`, as far as they exist.
    let lockFiles: [String]
    /// The names in the directory of what a draft is made from.
    private(set) var readFiles: Set<String> = []
    /// What was recognised, for the terminal.
    var notes: [String] = []
    /// What was not understood, for comments.
    var remarks: [String] = []

    init(_ path: String) throws(ImageSpecError) {
        let real = try FileSystem.realPath(ofProject: path)
        self.path = path
        name =
            real.split(separator: UInt8(ascii: "/")).last.flatMap { String(validating: $0, as: UTF8.self) }
            ?? ""
        let listing = FileSystem.listing(ofFolder: path) ?? .init()
        self.listing = listing
        lockFiles = ["uv.lock", "poetry.lock"].filter { listing.has($0) }
        readFiles.formUnion(lockFiles)
        if listing.unusableNames > 0 {
            remarks.append(
                "\(listing.unusableNames) names in the directory are not valid UTF-8 or contain control characters; they were ignored"
            )
        }
        readPythonProject()
        readPythonVersion()
        readConda()
        readDockerfile()
        readAptPackages()
        findRequirements()
        for file in lockFiles { notes.append("\(file): exact versions") }
        for file in ["setup.py", "setup.cfg"] where listing.has(file) {
            notes.append("\(file): found, but not read")
        }
    }

    /// The text of a file; `nil`, with a note, if it cannot be used.
    private mutating func text(_ file: String) -> String? {
        readFiles.insert(file)
        switch FileSystem.text(ofProjectFile: path + "/" + file, limit: Self.maximumSize) {
        case .missing: return nil
        case .text(let text): return text
        case .unusable(let reason):
            ignore(file, reason)
            return nil
        }
    }

    private mutating func ignore(_ file: String, _ reason: String) {
        notes.append("\(file): not used: \(reason)")
        remarks.append("\(file) is not used: \(reason)")
    }

    private mutating func readPythonProject() {
        let file = "pyproject.toml"
        guard let text = text(file) else { return }
        do throws(TOMLProblem) {
            let project = try PythonProject(text)
            var found: [String] = []
            if project.name != nil { found.append("name") }
            if project.requiresPython != nil { found.append("Python versions") }
            if let count = project.dependencies?.count {
                found.append("\(count) dependenc\(count == 1 ? "y" : "ies")")
            }
            if project.isPoetry { found.append("poetry's dependencies") }
            notes.append(
                "\(file): " + (found.isEmpty ? "nothing about an image" : found.joined(separator: ", ")))
            remarks += project.remarks.map { "\(file): \($0)" }
            pyproject = project
        } catch {
            ignore(file, "line \(error.line): \(error.what)")
        }
    }

    private mutating func readPythonVersion() {
        let file = ".python-version"
        guard let text = text(file) else { return }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        if lines.count == 1, let version = PythonVersion(lines[0]) {
            pythonVersionFile = version.text
            notes.append("\(file): \(version.text)")
        } else {
            ignore(file, "it does not contain a single version such as 3.12")
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)" + (number == 1 ? "" : "s")
    }

    private mutating func readConda() {
        for file in ["environment.yml", "environment.yaml"] {
            guard let text = text(file) else { continue }
            do throws(ImageSpecError) {
                let environment = try CondaEnvironment(text)
                notes.append(
                    "\(file): \(Self.count(environment.packages.count, "package")) for conda, \(environment.pip.count) for pip"
                )
                remarks += environment.remarks.map { "\(file): \($0)" }
                conda = (file, environment)
            } catch {
                ignore(file, error.message)
            }
            return
        }
    }

    private mutating func readDockerfile() {
        let file = listing.has("Dockerfile") ? "Dockerfile" : "Containerfile"
        guard let text = text(file) else { return }
        do throws(DockerfileInstruction.Unsupported) {
            let hints = try DockerfileHints(text)
            let skipped = hints.skippedStages.count
            notes.append(
                "\(file): \(hints.base == nil ? "no" : "a") base image, \(Self.count(hints.aptPackages.count, "package")) for apt, "
                    + "\(hints.pipPackages.count) for pip, \(Self.count(hints.env.count, "variable")); "
                    + Self.count(hints.rest.count, "instruction") + " to convert yourself"
                    + (skipped == 0 ? "" : ", \(Self.count(skipped, "stage")) not read"))
            dockerfile = hints
        } catch {
            ignore(file, error.reason)
        }
    }

    private mutating func readAptPackages() {
        let file = "apt.txt"
        guard let text = text(file) else { return }
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
        }
        let packages = lines.flatMap(\.self)
        notes.append("\(file): \(packages.count) packages for apt")
        aptFile = (file, packages)
    }

    // MARK: sources

    /// Directories that are hardly ever a package of the project.
    private static let otherFolders: Set<String> = [
        "test", "tests", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "build", "dist",
        "env", "venv",
        "node_modules", "site-packages",
    ]
    private static let otherModules: Set<String> = [
        "setup.py", "conftest.py", "noxfile.py", "fabfile.py", "tasks.py",
    ]

    /// Whether there is Python code in a directory `src`.
    var hasSourceFolder: Bool {
        guard listing.has("src", .folder), let source = FileSystem.listing(ofFolder: path + "/src") else {
            return false
        }
        return source.entries.contains { entry in
            switch entry.kind {
            case .file: entry.name.hasSuffix(".py")
            case .folder: holdsPython(in: "src/" + entry.name)
            }
        }
    }

    private func holdsPython(in folder: String) -> Bool {
        FileSystem.listing(ofFolder: path + "/" + folder)?.entries.contains {
            $0.kind == .file && $0.name.hasSuffix(".py")
        } ?? false
    }

    /// A package, or a directory that Python runs.
    private func isPackage(_ folder: String) -> Bool {
        let files = FileSystem.listing(ofFolder: path + "/" + folder)
        return files?.has("__init__.py") == true || files?.has("__main__.py") == true
    }

    /// The packages and modules in the directory itself.
    var modules: [String] {
        listing.entries.compactMap { name, kind in
            if name.hasPrefix(".") { return nil }
            return switch kind {
            case .file: name.hasSuffix(".py") && !Self.otherModules.contains(name) ? name : nil
            case .folder:
                !Self.otherFolders.contains(name)
                    && isPackage(name) ? name : nil
            }
        }
    }

    /// Requirements files, `requirements.txt` first.
    private mutating func findRequirements() {
        func isText(_ entry: (name: String, kind: FileSystem.Listing.Kind)) -> Bool {
            entry.kind == .file && entry.name.hasSuffix(".txt")
        }
        let names = listing.entries.filter { isText($0) && $0.name.hasPrefix("requirements") }.map(\.name)
        var files = names.filter { $0 == "requirements.txt" } + names.filter { $0 != "requirements.txt" }
        if listing.has("requirements", .folder) {
            let below = FileSystem.listing(ofFolder: path + "/requirements")?.entries ?? []
            files += below.filter(isText).map { "requirements/" + $0.name }
            if !below.isEmpty { readFiles.insert("requirements") }
        }
        readFiles.formUnion(files)
        for file in files {
            let text = FileSystem.text(ofProjectFile: path + "/" + file, limit: Self.maximumRequirementsSize)
            if case .unusable(let reason) = text {
                ignore(file, reason)
            } else {
                requirementsFiles.append(file)
            }
        }
        if !requirementsFiles.isEmpty {
            notes.append(requirementsFiles.joined(separator: ", ") + ": for pip")
        }
    }
}

extension ProjectScan {
    /// The files and directories that the draft was not made from.
    var otherFiles: [(name: String, kind: FileSystem.Listing.Kind)] {
        listing.entries.filter {
            !$0.name.hasPrefix(".") && !readFiles.contains($0.name) && $0.name != SpecDraft.fileName
        }
    }

    var hasOtherFiles: Bool { !otherFiles.isEmpty }
}
