// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// envd as it is installed on this machine.
struct EnvdProgram: Hashable, Sendable {
    /// The program's file.
    var path: String
    var version: EnvdVersion

    /// Statistics about the use of envd stay at home.
    private static let environment: [String: String?] = ["ENVD_ANALYTICS": "false"]

    func command(_ arguments: [String]) -> Command {
        Command(executable: path, arguments: arguments, environment: Self.environment)
    }

    /// The first envd on `PATH` that is new enough.
    /// - Throws: ``ImageSpecError/Code/toolUnavailable`` with the reason for each that is not.
    static func find(_ finder: EngineFinder) async throws -> EnvdProgram {
        var reasons: [String] = []
        for path in finder.programs("envd") {
            let question = Command(
                executable: path, arguments: ["version", "--short"], environment: environment)
            guard let outcome = try await finder.runner.answer(question) else {
                reasons.append("\(path) does not answer")
                continue
            }
            guard outcome.isSuccess, let version = outcome.output.lazy.compactMap(EnvdVersion.init).first
            else {
                reasons.append("cannot determine the version of \(path): \(outcome.reason)")
                continue
            }
            if version >= .minimum { return EnvdProgram(path: path, version: version) }
            reasons.append("\(path) is envd \(version)")
        }
        throw ImageSpecError.noEnvd(reasons)
    }
}

/// A version of envd, without what comes after its three numbers.
struct EnvdVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    var numbers: [Int]

    /// The first whose `io.copy` has the parameters `source` and `target`.
    static let minimum = EnvdVersion(numbers: [0, 3, 38])

    init(numbers: [Int]) { self.numbers = numbers }

    /// Reads a line such as `envd: v1.3.6`; nil if there are no three numbers in it.
    init?(_ line: String) {
        guard let found = line.firstMatch(of: #/(?:^|[^0-9.])([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})/#),
            let major = Int(found.1), let minor = Int(found.2), let patch = Int(found.3)
        else { return nil }
        numbers = [major, minor, patch]
    }

    static func < (left: EnvdVersion, right: EnvdVersion) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }

    var description: String { numbers.map(String.init).joined(separator: ".") }
}

extension ImageSpecError {
    fileprivate static func noEnvd(_ reasons: [String]) -> ImageSpecError {
        let found = reasons.isEmpty ? "envd is not on PATH" : reasons.joined(separator: "; ")
        return ImageSpecError(
            .toolUnavailable, "the envd builder requires envd \(EnvdVersion.minimum) or later: \(found)",
            fix: "run: pip install --upgrade envd")
    }
}
