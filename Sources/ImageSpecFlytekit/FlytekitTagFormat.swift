// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// `tag_format` of a spec that flytekit named: text with the placeholders `{spec_hash}` and `{spec_hash:.N}`.
///
/// flytekit passes the format to Python's `str.format`. The rest of that language is not supported: it changes between
/// versions of Python, and hardly any of it produces a tag that a registry accepts.
enum FlytekitTagFormat {
    /// Returns the format with flytekit's hash in place of the placeholders.
    static func tag(_ format: String, specHash: String) throws(ImageSpecError) -> String {
        var tag = ""
        for piece in TagFormat.pieces(of: format) {
            switch piece {
            case .text(let text): tag += text
            case .specHash(nil): tag += specHash
            case .specHash(let precision?):
                guard precision.utf8.allSatisfy(\.isASCIIDigit), let count = Int(precision) else {
                    throw .unsupportedFlytekitTagFormat(format)
                }
                tag += specHash.prefix(count)
            case .unknownPlaceholder, .unmatchedBrace: throw .unsupportedFlytekitTagFormat(format)
            }
        }
        return tag
    }
}
