// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// Asks programs that keep credentials: `docker-credential-NAME get`, with the server on its standard input.
///
/// Source: docker/docker-credential-helpers.
struct CredentialHelpers: Sendable {
    var finder = EngineFinder()
    /// A helper may ask a person, or a server.
    var limit: Duration = .seconds(30)

    /// Many times what an answer has.
    private static let maximumAnswer = 1 << 20

    /// What a helper knows of a registry; nil where it knows nothing.
    func credential(
        for place: CredentialKey, helper: String, namedIn file: String
    ) async throws(CredentialProblem) -> RegistryCredential? {
        let program = "docker-credential-" + helper
        func problem(_ what: String, _ advice: String? = nil) -> CredentialProblem {
            .helper(
                program, namedIn: file, place, what,
                toDo: advice ?? "see what it says to: echo \(place.server) | \(program) get")
        }
        guard !helper.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 <= 0x20 || $0 == 0x7F }) else {
            throw .malformed(
                file, "the name of the credential helper for \(place.host) holds a slash or a space")
        }
        guard let path = finder.programs(program).first else {
            throw problem("is not on PATH", "install it, or take it out of that file and log in again")
        }
        let command = Command(
            executable: path, arguments: ["get"], environment: finder.environment,
            input: Array((place.server + "\n").utf8), keptOutput: Self.maximumAnswer)
        let outcome: CommandOutcome?
        do {
            outcome = try await finder.runner.answer(command, within: limit)
        } catch is CancellationError {
            throw problem("was not waited for", "ask again")
        } catch {
            // What it says of a program that does not start holds nothing that the program knows.
            throw problem("cannot be run", "see what is wrong with \(path)")
        }
        guard let outcome else { throw problem("did not answer within \(limit.components.seconds) s") }
        // Nothing of what it printed is quoted: it may be a secret.
        let text = outcome.output.joined(separator: "\n")
        switch outcome.status {
        case .exited(0): break
        case .exited where text.contains("credentials not found in native keychain"): return nil
        case .exited(let status): throw problem("ended with status \(status)")
        case .signaled(let signal): throw problem("was ended by signal \(signal)")
        }
        guard case .object(let answer)? = try? ImageSpec.JSONValue(json: text),
            case .string(let user)? = answer["Username"], case .string(let secret)? = answer["Secret"]
        else { throw problem("printed something other than a Username and a Secret in JSON") }
        return secret.isEmpty && user.isEmpty ? nil : .named(user, secret)
    }
}
