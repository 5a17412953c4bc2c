// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// Errors about what determines the name of an image.

extension ImageSpecError {
    package static func sourceRootRequired(mode: ImageSpec.SourceCopyMode) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "source_copy_mode", found: mode.rawValue,
            "\(mode.rawValue) requires source_root, which is not set", fix: "set source_root, or use no_copy")
    }

    /// `reason` continues a sentence that begins with the path.
    static func invalidCopyPath(_ path: String, _ index: Int, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "copy[\(index)]", found: path, "\"\(path.shortened)\" \(reason)",
            fix:
                "use a relative path inside the directory of the spec file (for a spec in Swift, the directory of the context)"
        )
    }

    /// `reason` continues a sentence that begins with the format.
    static func invalidTagFormat(_ format: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "tag_format", found: format, "\"\(format.shortened)\" \(reason)",
            fix: "use {spec_hash} or {spec_hash:.N} with N from 8 to 64, as in \"{spec_hash:.12}-dev\"")
    }

    /// `reason` continues a sentence that begins with the format.
    static func invalidTag(_ format: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "tag_format", found: format, "\"\(format.shortened)\" \(reason)",
            fix: "use at most 128 letters, digits, '_', '.' and '-', and do not begin with '.' or '-'"
        )
    }

    /// A problem in a requirements file; `line` is nil if it is about the whole file.
    package static func invalidRequirements(_ path: String, line: Int?, _ reason: String, fix: Fix? = nil)
        -> ImageSpecError
    {
        ImageSpecError(
            .invalidRequirements, at: [Location(field: "requirements"), Location(file: path, line: line)],
            reason,
            fix: fix)
    }
}
