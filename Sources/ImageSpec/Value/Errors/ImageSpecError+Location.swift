// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpecError {
    /// A place in a file, a text or a spec, or the thing that a problem is about.
    public struct Location: Hashable, Sendable {
        /// The file as it was named, or "standard input"; nil for a text that is in no file.
        public let file: String?
        /// From 1.
        public let line: Int?
        /// In characters, from 1.
        public let column: Int?
        /// The field as in documents, such as `pip_secret_mounts[0]` or `base_image.packages[2]`.
        public let field: String?
        /// The image, registry or program that a problem is about which is in no file.
        public let subject: String?

        package init(
            file: String? = nil, line: Int? = nil, column: Int? = nil, field: String? = nil,
            subject: String? = nil
        ) {
            self.file = file?.shownInMessage
            self.line = line
            self.column = column
            // The keys of options are text of the user, too.
            self.field = field?.shownInMessage
            self.subject = subject?.shownInMessage
        }

        /// Both as one location, if the inner one does not say anything that the outer one says; else nil.
        func merged(with inner: Location) -> Location? {
            // What is in a field cannot contain a file; and a file is outside of its lines.
            let isFurtherOut =
                inner.file == nil && field == nil && subject == nil && (file != nil || line != nil)
                && (line == nil || inner.line == nil) && inner.subject == nil
            guard isFurtherOut else { return nil }
            return Location(
                file: file, line: line ?? inner.line, column: column ?? inner.column, field: inner.field)
        }
    }
}

extension ImageSpecError.Location: CustomStringConvertible {
    /// As messages begin: `image.yaml:8:3: packages[0]`.
    public var description: String {
        var place = file ?? ""
        if let line {
            place += file == nil ? "line \(line)" : ":\(line)"
            if let column { place += file == nil ? ", column \(column)" : ":\(column)" }
        }
        return [place.isEmpty ? nil : place, field, subject].compactMap(\.self).joined(separator: ": ")
    }
}
