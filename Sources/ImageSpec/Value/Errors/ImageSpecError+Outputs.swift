// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// Errors about files and directories to write.

extension ImageSpecError {
    package static func unwritable(_ path: [UInt8], _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "cannot write \"\(String(decoding: path, as: UTF8.self).shortened)\": \(reason)",
            fix: "choose another path")
    }

    package static func parentMissing(_ directory: String, parent: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "cannot create \"\(directory.shortened)\": the directory \"\(parent.shortened)\" does not exist",
            fix: "create it first, or choose another path")
    }
}
