// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import Synchronization

/// Runs credential helpers: `docker-credential-NAME get`, with the server on standard input.
///
/// Source: docker/docker-credential-helpers.
struct CredentialHelpers: Sendable {
    let finder: EngineFinder
    /// The timeout of a helper, which may have to prompt the user or contact a server.
    let limit: Duration

    private let memory = Memory()

    /// Those of this process, which share what helpers have said.
    static let system = CredentialHelpers()

    init(finder: EngineFinder = EngineFinder(), limit: Duration = .seconds(30)) {
        self.finder = finder
        self.limit = limit
    }

    /// Far more than a valid response needs.
    private static let maximumAnswer = 1 << 20

    /// Returns the credential that a helper has for a registry, or `nil` if it has none.
    ///
    /// Concurrent callers share one run of the helper, and its result is cached for a minute: otherwise a hundred images
    /// would start a hundred processes.
    func credential(
        for place: CredentialKey, helper: String, namedIn file: String
    ) async throws(CredentialProblem) -> RegistryCredential? {
        let question = Memory.Question(helper: helper, host: place.host, file: file)
        do {
            return try await memory.answer(question) {
                try await ask(for: place, helper: helper, namedIn: file)
            }
        } catch let problem as CredentialProblem {
            throw problem
        } catch {
            throw .helper(
                "docker-credential-" + helper, namedIn: file, place, "was cancelled", toDo: "try again")
        }
    }

    private func ask(
        for place: CredentialKey, helper: String, namedIn file: String
    ) async throws(CredentialProblem) -> RegistryCredential? {
        let program = "docker-credential-" + helper
        func problem(_ what: String, _ advice: String? = nil) -> CredentialProblem {
            .helper(
                program, namedIn: file, place, what,
                toDo: advice ?? "to see its error, run: echo \(place.server) | \(program) get")
        }
        guard !helper.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 <= 0x20 || $0 == 0x7F }) else {
            throw .malformed(
                file, "the name of the credential helper for \(place.host) contains a slash or a space")
        }
        guard let path = finder.programs(program).first else {
            throw problem("is not on PATH", "install it, or remove it from that file and log in again")
        }
        let command = Command(
            executable: path, arguments: ["get"], environment: finder.environment,
            input: Array((place.server + "\n").utf8), keptOutput: Self.maximumAnswer,
            endTime: .milliseconds(100))
        let outcome: CommandOutcome?
        do {
            outcome = try await WaitReport.step("the credential helper \(program)") {
                try await finder.runner.answer(command, within: limit)
            }
        } catch is CancellationError {
            throw problem("was cancelled", "try again")
        } catch {
            // The helper did not start, so the message cannot contain a secret.
            throw problem("cannot be run", "check that \(path) is an executable for this machine")
        }
        guard let outcome else { throw problem("did not answer within \(limit.components.seconds) s") }
        // The output is never quoted, since it may contain a secret.
        let text = outcome.output.joined(separator: "\n")
        switch outcome.status {
        case .exited(0): break
        case .exited where text.contains("credentials not found in native keychain"): return nil
        case .exited(let status): throw problem("failed with exit status \(status)")
        case .signaled(let signal): throw problem("was terminated by signal \(signal)")
        }
        guard case .object(let answer)? = try? ImageSpec.JSONValue(json: text),
            case .string(let user)? = answer["Username"], case .string(let secret)? = answer["Secret"]
        else { throw problem("did not print a JSON object with Username and Secret") }
        return secret.isEmpty && user.isEmpty ? nil : .named(user, secret)
    }

    /// The cached results of helpers.
    private final class Memory: Sendable {
        struct Question: Hashable, Sendable {
            var helper: String
            var host: String
            var file: String
        }

        private let flights = SingleFlight<Question, RegistryCredential?>()
        private let known = Mutex<[Question: (answer: RegistryCredential?, end: ContinuousClock.Instant)]>([:]
        )

        /// Short enough that a new login takes effect without a restart.
        private static let life = Duration.seconds(60)

        func answer(
            _ question: Question, _ ask: @escaping @Sendable () async throws -> RegistryCredential?
        ) async throws -> RegistryCredential? {
            if let known = known.withLock({ $0[question] }), known.end > .now { return known.answer }
            return try await flights.value(for: question) { [self] in
                // A concurrent lookup may have finished since the check above.
                if let known = known.withLock({ $0[question] }), known.end > .now { return known.answer }
                let answer = try await ask()
                known.withLock { $0[question] = (answer, .now + Self.life) }
                return answer
            }
        }
    }
}
