// SPDX-License-Identifier: Apache-2.0

import ImageSpec

extension [ImageSpec.Warning] {
    /// Writes one line per warning to standard error.
    func show(in input: some SpecSource) {
        for warning in self { StandardError.write("imagespec: warning: \(input.spec.name): \(warning)\n") }
    }

    var json: ImageSpec.JSONValue {
        .array(
            map {
                [
                    "field": .string($0.field), "path": .string($0.path), "reason": .string($0.reason),
                ]
            })
    }
}
