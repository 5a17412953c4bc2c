// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpecError {
    /// One thing that is wrong: where it is, what it is, and what to do about it.
    ///
    /// All texts are ready to be shown: they are on one line, control, format and separator characters are escaped as in
    /// Swift, and URLs have no user info.
    public struct Problem: Sendable {
        /// The kind of the problem.
        public let code: Code
        /// Where it is, outermost first: a spec file, a field of it, a line of the file that the field names. Empty if it is in
        /// no file or field.
        public let locations: [Location]
        /// The value that is wrong, as it was written; long values are cut. nil if it is secret, or there is none.
        public let found: String?
        /// What is wrong, without the location.
        public let reason: String
        /// What to do about it; nil if nothing is known.
        public let fix: Fix?
        /// What the failed step of a program printed, in lines, at most the last 1,000 of them; otherwise empty.
        public let output: [String]
        /// The error of the system or of a library that caused this one.
        public let underlying: (any Error)?

        package init(
            code: Code, locations: [Location], found: String?, reason: String, fix: Fix?, output: [String],
            underlying: (any Error)?
        ) {
            self.code = code
            self.locations = locations
            self.found = found?.shownInMessage.shortened(to: 300)
            self.reason = reason.shownInMessage
            self.fix = fix
            self.output = output.last(1000).map(\.shownInMessage)
            self.underlying = underlying
        }

        /// The same problem in other places.
        package init(_ problem: Problem, locations: [Location]) {
            code = problem.code
            self.locations = locations
            found = problem.found
            reason = problem.reason
            fix = problem.fix
            output = problem.output
            underlying = problem.underlying
        }

        /// The same problem with another fix.
        package init(_ problem: Problem, fix: Fix) {
            self.init(
                code: problem.code, locations: problem.locations, found: problem.found,
                reason: problem.reason,
                fix: fix, output: problem.output, underlying: problem.underlying)
        }

        /// The same problem with the last lines of its output only, of which a reader has seen all.
        package func withOutput(last count: Int) -> Problem {
            Problem(
                code: code, locations: locations, found: found, reason: reason, fix: fix,
                output: output.last(count), underlying: underlying)
        }

        /// The same problem further in. What the outermost location does not say yet is added to it.
        package func inside(_ location: Location) -> Problem {
            guard let first = locations.first, let both = location.merged(with: first) else {
                return Problem(self, locations: [location] + locations)
            }
            return Problem(self, locations: [both] + locations.dropFirst())
        }
    }
}

extension ImageSpecError.Problem {
    /// The file that has to be changed, as it was named; nil if the problem is in no file.
    public var file: String? { innermost?.file }
    /// The line of ``file``, or of the text that was read, from 1; nil if it is not known.
    public var line: Int? { innermost?.line }
    /// The column in the ``line``, in characters from 1; nil if it is not known.
    public var column: Int? { innermost?.column }
    /// The field as in documents, such as `packages[2]`; that of the base spec if the problem is in one.
    public var field: String? { locations.last { $0.field != nil }?.field }

    private var innermost: ImageSpecError.Location? { locations.last { $0.file != nil || $0.line != nil } }

    /// The locations, the reason and the fix as a sentence, followed by ``output``.
    ///
    /// One line if there is no output, in the form `image.yaml:8:3: packages[0]: reason; fix`.
    public var message: String {
        var sentence = (locations.map(\.description) + [reason]).joined(separator: ": ")
        guard !output.isEmpty else { return fix.map { sentence + "; " + $0.text } ?? sentence }
        for line in output { sentence += line.isEmpty ? "\n" : "\n  " + line }
        return fix.map { sentence + "\nhint: " + $0.text } ?? sentence
    }
}

extension ImageSpecError.Problem: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}

extension ImageSpecError.Problem: Hashable {
    /// Compares everything but the underlying errors.
    public static func == (left: Self, right: Self) -> Bool {
        left.code == right.code && left.locations == right.locations && left.found == right.found
            && left.reason == right.reason && left.fix == right.fix && left.output == right.output
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(locations)
        hasher.combine(reason)
    }
}

extension String {
    /// The text as a part of a message: no credential, and nothing that could pass for another line.
    var shownInMessage: String { URLUserInfo.redacted(self).escapingControlCharacters }
}

extension [String] {
    /// The last lines, after one that says how many are left out; none if none are wanted.
    fileprivate func last(_ lineCount: Int) -> [String] {
        guard count > lineCount else { return self }
        guard lineCount > 0 else { return [] }
        return ["… \(count - lineCount + 1) earlier lines"] + suffix(lineCount - 1)
    }
}
