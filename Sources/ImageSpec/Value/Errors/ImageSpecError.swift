// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a spec, its files, its image or a build: one or more problems.
///
/// ``problems`` is for programs and ``message`` for people. Neither contains credentials: user info of URLs is removed.
public struct ImageSpecError: Error, Hashable, Sendable {
    /// The problems, at least one, in the order in which they were found.
    public let problems: [Problem]

    /// The kind of the first problem.
    public var code: Code { problems[0].code }

    /// The messages of all problems, one below the other.
    public var message: String { problems.map(\.message).joined(separator: "\n") }

    package init(_ problem: Problem) { problems = [problem] }

    /// The problems as one error; nil if there are none.
    package init?(problems: [Problem]) {
        if problems.isEmpty { return nil }
        self.problems = problems
    }

    /// The problems of several errors as one error; nil if there are none.
    package init?(problems errors: [ImageSpecError]) { self.init(problems: errors.flatMap(\.problems)) }

    /// Creates an error of one problem.
    ///
    /// - Parameters:
    ///   - code: The kind of the problem.
    ///   - locations: Outermost first.
    ///   - field: The field, inside of the last location.
    ///   - subject: The image, registry or program that the problem is about.
    ///   - found: The value that is wrong, as it was written.
    ///   - reason: What is wrong; completes a sentence that begins with the location.
    ///   - fix: What to do about it.
    ///   - output: The last lines of a program that failed.
    ///   - underlying: The error that caused this one.
    package init(
        _ code: Code, at locations: [Location] = [], field: String? = nil, about subject: String? = nil,
        found: String? = nil, _ reason: String,
        fix: Fix? = nil, output: [String] = [], underlying: (any Error)? = nil
    ) {
        self.init(
            Problem(
                code: code,
                locations: locations
                    + (field == nil && subject == nil ? [] : [Location(field: field, subject: subject)]),
                found: found, reason: reason, fix: fix, output: output, underlying: underlying))
    }

    /// The same error, further in.
    package func inside(_ location: Location) -> ImageSpecError { map { $0.inside(location) } }

    /// The same error in a file, as named by the user.
    package func inFile(_ path: String) -> ImageSpecError { inside(Location(file: path)) }

    /// The same error at a line and column of a text, both from 1.
    package func at(line: Int, column: Int) -> ImageSpecError {
        inside(Location(line: line, column: column))
    }

    /// The same error of a base image that is a spec, so many levels below the spec that was asked about.
    package func inBaseImage(levels: Int) -> ImageSpecError {
        (0..<levels).reduce(self) { error, _ in
            error.map { Problem($0, locations: [Location(field: "base_image")] + $0.locations) }
        }
    }

    /// The same error of one member of a list, where it is about the field.
    package func ofMember(_ index: Int, in field: String) -> ImageSpecError {
        map { problem in
            let locations = problem.locations.map { location in
                location.field == field
                    ? Location(
                        file: location.file, line: location.line, column: location.column,
                        field: "\(field)[\(index)]", subject: location.subject)
                    : location
            }
            return Problem(problem, locations: locations)
        }
    }

    package func map(_ change: (Problem) -> Problem) -> ImageSpecError {
        ImageSpecError(problems: problems.map(change)) ?? self
    }
}

extension ImageSpecError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
