// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// What the flytekit scheme refuses. Where flytekit itself raises an exception, the message has its type and text.

extension ImageSpecError {
    /// flytekit's own error.
    static func flytekit(_ code: Code, _ field: String, raises type: String, _ text: String) -> ImageSpecError
    {
        // Some of its messages have several lines.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return ImageSpecError(
            code, field: field, "flytekit raises \(type): \(lines.first ?? "")",
            output: Array(lines.dropFirst()))
    }

    static func gitListingRequired(_ folder: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: "source_root",
            "flytekit excludes the files of \"\(folder)\" that git ignores, but no list of them was passed",
            fix: "use the scheme .flytekit(gitIgnored:)")
    }

    static func loadedModulesRequired(_ sourceRoot: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: "source_copy_mode",
            "flytekit hashes the modules of \"\(sourceRoot)\" that its process has loaded",
            fix: "pass their files as loaded modules")
    }

    static func unsupportedFlytekitTagFormat(_ format: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "tag_format", found: format,
            "the flytekit scheme does not support \"\(format.shortened)\"",
            fix: "use text with {spec_hash} or {spec_hash:.N}, its first N characters")
    }

    static func endlessFile(field: String, path: [UInt8]) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput, field: field,
            "\"\(String(decoding: path, as: UTF8.self))\" is a pipe or device, which flytekit would read forever",
            fix: "remove it")
    }
}

extension PythonText {
    /// The text, with `\udcNN` for bytes that are none.
    var shownText: String {
        codePoints.reduce(into: "") { text, codePoint in
            if let scalar = codePoint.scalar {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u" + String(codePoint.value, radix: 16)
            }
        }
    }
}
