// SPDX-License-Identifier: Apache-2.0

/// What is wrong with the text of a field, and what to write instead.
package struct TextProblem {
    /// Continues a sentence that begins with the text.
    package let reason: String
    package let fix: ImageSpecError.Fix?

    package init(reason: String, fix: ImageSpecError.Fix?) {
        self.reason = reason
        self.fix = fix
    }
}

extension ImageSpecError {
    /// `value` is nil if it must not be shown.
    package static func invalidText(_ field: String, _ value: String?, _ problem: TextProblem)
        -> ImageSpecError
    {
        invalidText(field, value, problem.reason, fix: problem.fix)
    }

    /// `value` is nil if it must not be shown.
    package static func invalidText(
        _ field: String, _ value: String?, _ reason: String, fix: ImageSpecError.Fix? = nil
    ) -> ImageSpecError {
        let shown = value.map { "\"\($0.shortened)\" " } ?? ""
        return ImageSpecError(.invalidField, field: field, found: value, shown + reason, fix: fix)
    }
}
