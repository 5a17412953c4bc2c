// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

/// uv on this machine: the program, or the module of a Python.
struct UvProgram: Sendable {
    /// The first release with everything that is used here: platforms by their C library, and `pylock.toml`.
    private static let oldest = (0, 7)

    let version: String
    private let executable: String
    private let leading: [String]
    private let runner: ProgramRunner

    /// Finds uv on `PATH`, or as a module of `python3`.
    /// - Throws: ``ImageSpecError/Code/toolUnavailable`` if there is none, or only an old one.
    static func find(_ runner: ProgramRunner, cache: LayerCacheDirectory?) async throws -> UvProgram {
        let candidates =
            runner.programs("uv").map { ($0, [String]()) }
            + runner.programs("python3").map { ($0, ["-m", "uv"]) }
        var old: String?
        for (executable, leading) in candidates {
            let file = leading.isEmpty ? ProgramFile(executable) : nil
            var version = file.flatMap { $0.version(in: cache) }
            if version == nil {
                version = try await answer(executable, leading, runner)
                if let version { file?.write(version, to: cache) }
            }
            guard let version else { continue }
            if isRecent(version) {
                return UvProgram(version: version, executable: executable, leading: leading, runner: runner)
            }
            old = version
        }
        throw old.map(ImageSpecError.oldUv) ?? .noUv
    }

    /// What the program says; nil if it cannot be run.
    private static func answer(
        _ executable: String, _ leading: [String], _ runner: ProgramRunner
    ) async throws -> String? {
        let outcome = try? await runner(.init(executable, leading + ["--version"]))
        try Task.checkCancellation()
        guard let outcome, outcome.isSuccess else { return nil }
        return outcome.output.first.flatMap(number)
    }

    /// `0.13.9` of `uv 0.13.9 (…)`.
    private static func number(_ line: String) -> String? {
        let words = line.split(separator: " ")
        return words.count > 1 && words[0] == "uv" ? String(words[1]) : nil
    }

    private static func isRecent(_ version: String) -> Bool {
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        return numbers.count >= 2 && (numbers[0], numbers[1]) >= oldest
    }

    /// Runs a command of uv, steered only by its arguments: variables of this machine that would configure it are unset, except
    /// the directory of its cache.
    func run(
        _ arguments: [String], environment: [String: String] = [:],
        onLine: @escaping @Sendable (String) -> Void
    ) async throws -> ProgramRunner.Outcome {
        var variables: [String: String?] = [:]
        for name in runner.variables where Self.isSetting(name) { variables[name] = .some(nil) }
        for (name, value) in environment { variables[name] = value }
        return try await runner(
            .init(executable, leading + arguments, environment: variables), onLine: onLine)
    }

    private static func isSetting(_ name: String) -> Bool {
        if name == "UV_CACHE_DIR" { return false }
        let others = [
            "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "NETRC",
        ]
        return name.hasPrefix("UV_") || name.hasPrefix("PIP_") || others.contains(name)
    }
}
