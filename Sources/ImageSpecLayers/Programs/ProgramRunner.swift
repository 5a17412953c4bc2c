// SPDX-License-Identifier: Apache-2.0

/// Runs programs of this machine. The target that knows processes provides it.
package struct ProgramRunner: Sendable {
    /// A program and what it is given.
    package struct Call: Hashable, Sendable {
        /// The program's file.
        package var executable: String
        package var arguments: [String]
        /// Changes to the environment of this process; nil removes a variable.
        package var environment: [String: String?]

        package init(_ executable: String, _ arguments: [String], environment: [String: String?] = [:]) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
        }
    }

    /// How a program ended.
    package struct Outcome: Hashable, Sendable {
        package var isSuccess: Bool
        /// The lines of its standard output.
        package var output: [String]
        /// The lines of its standard error.
        package var messages: [String]

        package init(isSuccess: Bool, output: [String], messages: [String]) {
            self.isSuccess = isSuccess
            self.output = output
            self.messages = messages
        }
    }

    /// Runs a program to its end, and reports each line that it prints. Cancelling the task ends it.
    private let run: @Sendable (Call, @escaping @Sendable (String) -> Void) async throws -> Outcome
    /// The files of programs with a name, in the order of `PATH`.
    package let programs: @Sendable (String) -> [String]
    /// The names of the variables of this process.
    package let variables: [String]

    package init(
        variables: [String], programs: @escaping @Sendable (String) -> [String],
        run: @escaping @Sendable (Call, @escaping @Sendable (String) -> Void) async throws -> Outcome
    ) {
        self.variables = variables
        self.programs = programs
        self.run = run
    }

    package func callAsFunction(
        _ call: Call, onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Outcome {
        try await run(call, onLine)
    }
}
